// Flink SQL in a local MiniCluster: Kafka JSON -> GROUP BY user, item, day (mini-batch, two-phase) -> JDBC upsert of absolute values.
import java.io.*;
import java.nio.file.*;
import java.util.*;
import org.apache.flink.configuration.*;
import org.apache.flink.table.api.*;

public class Job {
  public static void main(String[] a) throws Exception {
    final PrintStream so = System.out, err = System.err;
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
    System.setErr(new PrintStream(err) {           // first "Adding split" log line = sources assigned
      boolean seen;
      @Override public void println(String s) {
        if (!seen && s != null && s.contains("Adding split")) { seen = true; so.println("STARTED " + System.currentTimeMillis() / 1000.0); so.flush(); }
        super.println(s);
      }
    });
    String topic = System.getenv("TOPIC"), group = System.getenv("GROUP");
    Path ck = Paths.get(System.getenv("SCRATCH"), group);
    Files.createDirectories(ck);
    Configuration c = new Configuration();
    c.setString("parallelism.default", "2");
    c.setString("taskmanager.numberOfTaskSlots", "2");
    c.setString("pipeline.object-reuse", "true");
    c.setString("execution.checkpointing.interval", "10 s");
    c.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
    c.setString("execution.checkpointing.storage", "filesystem");
    c.setString("execution.checkpointing.dir", "file://" + ck);
    c.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    c.setString("state.backend.type", "hashmap");
    c.setString("taskmanager.memory.managed.size", "64m");
    c.setString("taskmanager.memory.network.min", "128m");
    c.setString("taskmanager.memory.network.max", "128m");
    c.setString("table.exec.mini-batch.enabled", "true");
    c.setString("table.exec.mini-batch.allow-latency", "500 ms");
    c.setString("table.exec.mini-batch.size", "50000");
    c.setString("table.optimizer.agg-phase-strategy", "TWO_PHASE");
    c.setString("table.exec.sink.upsert-materialize", "NONE");
    c.setString("table.local-time-zone", "UTC");
    TableEnvironment t = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(c).build());
    t.executeSql("CREATE TABLE src (user_id STRING, item_id STRING, activity_type STRING, `timestamp` STRING) WITH ('connector'='kafka','topic'='" + topic
      + "','properties.bootstrap.servers'='" + System.getenv("KAFKA") + "','properties.group.id'='" + group + "','scan.startup.mode'='group-offsets','properties.auto.offset.reset'='earliest',"
      + "'properties.max.poll.records'='10000','properties.fetch.max.wait.ms'='100','format'='json','json.ignore-parse-errors'='true')");
    t.executeSql("CREATE TABLE snk (user_id STRING, item_id STRING, `date` DATE, view_count BIGINT, click_count BIGINT, purchase_count BIGINT, PRIMARY KEY (user_id,`date`,item_id) NOT ENFORCED) WITH ("
      + "'connector'='jdbc','url'='jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?reWriteBatchedInserts=true&stringtype=unspecified','username'='" + System.getenv("PGUSER") + "','password'='" + System.getenv("PGPASSWORD") + "','table-name'='daily_user_item_summary',"
      + "'sink.buffer-flush.max-rows'='10000','sink.buffer-flush.interval'='1s')");
    TableResult r = t.executeSql("INSERT INTO snk SELECT user_id, item_id, CAST(SUBSTRING(`timestamp` FROM 1 FOR 10) AS DATE) AS `date`,"
      + " SUM(CASE WHEN activity_type='view' THEN CAST(1 AS BIGINT) ELSE 0 END), SUM(CASE WHEN activity_type='click' THEN CAST(1 AS BIGINT) ELSE 0 END), SUM(CASE WHEN activity_type='purchase' THEN CAST(1 AS BIGINT) ELSE 0 END)"
      + " FROM src WHERE activity_type IN ('view','click','purchase') AND user_id IS NOT NULL AND item_id IS NOT NULL"
      + " GROUP BY user_id, item_id, CAST(SUBSTRING(`timestamp` FROM 1 FOR 10) AS DATE)");
    r.await();
  }
}
