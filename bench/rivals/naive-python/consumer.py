# What a tutorial does: kafka-python, jsonschema, psycopg2, one upsert and one commit per event.
# Kinder than most: the validator is built once (jsonschema.validate() per event is three times slower).
import json, os, sys, time
import jsonschema, psycopg2
from kafka import KafkaConsumer, ConsumerRebalanceListener
SCHEMA = {"type": "object", "required": ["user_id", "item_id", "activity_type", "timestamp"],
          "properties": {"user_id": {"type": "string", "format": "uuid"}, "item_id": {"type": "string", "format": "uuid"},
                         "activity_type": {"enum": ["view", "click", "purchase"]}, "timestamp": {"type": "string", "format": "date-time"}}}
check = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate
class Started(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked): pass
    def on_partitions_assigned(self, assigned): print("STARTED", time.time(), flush=True)
db = psycopg2.connect("")  # PGHOST, PGUSER, ... say where
consumer = KafkaConsumer(bootstrap_servers=os.environ["KAFKA"], group_id=os.environ["GROUP"], auto_offset_reset="earliest",
                         value_deserializer=lambda b: json.loads(b.decode()))
consumer.subscribe([os.environ["TOPIC"]], listener=Started())
for message in consumer:
    e = message.value
    try:
        check(e)
    except jsonschema.ValidationError as x:
        print("bad", x.message, file=sys.stderr)
        continue
    t = e["activity_type"]
    cursor = db.cursor()
    cursor.execute(f"INSERT INTO daily_user_item_summary (user_id,item_id,date,{t}_count) VALUES (%s,%s,%s,1) "
                   f"ON CONFLICT (user_id,date,item_id) DO UPDATE SET {t}_count = daily_user_item_summary.{t}_count + 1",
                   (e["user_id"], e["item_id"], e["timestamp"][:10]))
    db.commit()
    cursor.close()
