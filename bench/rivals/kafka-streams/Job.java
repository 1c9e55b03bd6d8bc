// Kafka Streams, exactly_once_v2: re-key -> aggregate (RocksDB store, cached) -> terminal processor that upserts absolute values with JDBC batches.
import com.fasterxml.jackson.core.*;
import java.nio.ByteBuffer;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.state.*;

public class Job {
  static final JsonFactory JF = new JsonFactory();
  /** 36 bytes of key + 1 byte of activity, or null when the event is invalid (UUIDs, date-time and enum are all checked). */
  static KeyValue<Bytes, Byte> parse(byte[] v) {
    try (JsonParser p = JF.createParser(v)) {
      String u = null, i = null, a = null, t = null;
      if (p.nextToken() != JsonToken.START_OBJECT) return null;
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        String f = p.currentName(); p.nextToken(); String s = p.getText();
        switch (f) { case "user_id" -> u = s; case "item_id" -> i = s; case "activity_type" -> a = s; case "timestamp" -> t = s; default -> { } }
      }
      if (u == null || i == null || a == null || t == null || u.length() != 36 || i.length() != 36) return null;
      UUID uu = UUID.fromString(u), ii = UUID.fromString(i);
      byte k; switch (a) { case "view" -> k = 0; case "click" -> k = 1; case "purchase" -> k = 2; default -> { return null; } }
      int day = (int) Math.floorDiv(OffsetDateTime.parse(t).toEpochSecond(), 86400L);
      return KeyValue.pair(Bytes.wrap(ByteBuffer.allocate(36).putLong(uu.getMostSignificantBits()).putLong(uu.getLeastSignificantBits())
        .putLong(ii.getMostSignificantBits()).putLong(ii.getLeastSignificantBits()).putInt(day).array()), k);
    } catch (Exception e) { return null; }
  }
  static class Sink implements Processor<Bytes, byte[], Void, Void> {
    Connection db; PreparedStatement ps; final LinkedHashMap<Bytes, byte[]> buf = new LinkedHashMap<>();
    public void init(ProcessorContext<Void, Void> c) {
      try {
        db = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?reWriteBatchedInserts=true",
          System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
        db.setAutoCommit(false);
        ps = db.prepareStatement("INSERT INTO daily_user_item_summary (user_id,item_id,date,view_count,click_count,purchase_count) VALUES (?,?,?,?,?,?) "
          + "ON CONFLICT (user_id,date,item_id) DO UPDATE SET view_count=EXCLUDED.view_count, click_count=EXCLUDED.click_count, purchase_count=EXCLUDED.purchase_count");
      } catch (SQLException e) { throw new RuntimeException(e); }
      c.schedule(Duration.ofMillis(200), PunctuationType.WALL_CLOCK_TIME, t -> flush());
    }
    public void process(org.apache.kafka.streams.processor.api.Record<Bytes, byte[]> r) { buf.put(r.key(), r.value()); if (buf.size() >= 10000) flush(); }
    void flush() {
      if (buf.isEmpty()) return;
      try {
        for (var e : buf.entrySet()) {
          ByteBuffer k = ByteBuffer.wrap(e.getKey().get()), v = ByteBuffer.wrap(e.getValue());
          ps.setObject(1, new UUID(k.getLong(), k.getLong())); ps.setObject(2, new UUID(k.getLong(), k.getLong())); ps.setObject(3, LocalDate.ofEpochDay(k.getInt()));
          ps.setInt(4, v.getInt()); ps.setInt(5, v.getInt()); ps.setInt(6, v.getInt()); ps.addBatch();
        }
        ps.executeBatch(); db.commit(); buf.clear();
      } catch (SQLException e) { throw new RuntimeException(e); }
    }
    public void close() { try { flush(); db.close(); } catch (SQLException e) { } }
  }
  public static void main(String[] args) throws Exception {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    Properties p = new Properties();
    p.put("application.id", System.getenv("GROUP")); p.put("bootstrap.servers", System.getenv("KAFKA"));
    p.put("processing.guarantee", "exactly_once_v2"); p.put("commit.interval.ms", "1000"); p.put("num.stream.threads", "2");
    p.put("statestore.cache.max.bytes", String.valueOf(128 << 20)); p.put("state.dir", System.getenv("SCRATCH")); p.put("replication.factor", "1");
    p.put("consumer.auto.offset.reset", "earliest"); p.put("max.poll.records", "10000"); p.put("fetch.max.wait.ms", "100");
    p.put("producer.linger.ms", "20"); p.put("producer.batch.size", String.valueOf(256 << 10)); p.put("producer.buffer.memory", String.valueOf(64 << 20));
    p.put("topology.optimization", "all");
    StreamsBuilder b = new StreamsBuilder();
    b.stream(System.getenv("TOPIC"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
      .map((k, v) -> { var r = parse(v); return r == null ? KeyValue.pair((Bytes) null, new byte[0]) : KeyValue.pair(r.key, new byte[] {r.value}); })
      .filter((k, v) -> k != null)
      .groupByKey(Grouped.with("bykey", Serdes.Bytes(), Serdes.ByteArray()))
      .aggregate(() -> new byte[12], (k, v, s) -> { byte[] n = s.clone(); ByteBuffer w = ByteBuffer.wrap(n); int o = v[0] * 4; w.putInt(o, w.getInt(o) + 1); return n; },
        Materialized.<Bytes, byte[], KeyValueStore<Bytes, byte[]>>as("counts").withKeySerde(Serdes.Bytes()).withValueSerde(Serdes.ByteArray()).withCachingEnabled())
      .toStream().process(Sink::new);
    KafkaStreams s = new KafkaStreams(b.build(p), p);
    s.setStateListener((n, o) -> { if (n == KafkaStreams.State.RUNNING) { System.out.println("STARTED " + System.currentTimeMillis() / 1000.0); System.out.flush(); } });
    s.setUncaughtExceptionHandler(e -> { e.printStackTrace(); return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_APPLICATION; });
    Runtime.getRuntime().addShutdownHook(new Thread(s::close));
    s.start();
    Thread.currentThread().join();
  }
}
