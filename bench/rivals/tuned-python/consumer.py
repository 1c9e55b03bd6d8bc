# confluent-kafka consume(50000), msgspec (typed decode = validation), aggregate per batch, one unnest upsert, then a synchronous offset commit.
import os, sys, time, uuid, datetime
from typing import Literal, Annotated
import msgspec, psycopg
from confluent_kafka import Consumer
class E(msgspec.Struct, gc=False):
    user_id: uuid.UUID
    item_id: uuid.UUID
    activity_type: Literal["view", "click", "purchase"]
    timestamp: Annotated[datetime.datetime, msgspec.Meta(tz=True)]
decode = msgspec.json.Decoder(E).decode
IDX = {"view": 0, "click": 1, "purchase": 2}
UTC = datetime.timezone.utc
SQL = """INSERT INTO daily_user_item_summary AS d (user_id,item_id,date,view_count,click_count,purchase_count)
SELECT * FROM unnest(%b::uuid[],%b::uuid[],%b::date[],%b::int[],%b::int[],%b::int[])
ON CONFLICT (user_id,date,item_id) DO UPDATE SET view_count=d.view_count+excluded.view_count,
click_count=d.click_count+excluded.click_count, purchase_count=d.purchase_count+excluded.purchase_count"""
db = psycopg.connect("")  # PGHOST, PGUSER, ... say where
c = Consumer({"bootstrap.servers": os.environ["KAFKA"], "group.id": os.environ["GROUP"], "auto.offset.reset": "earliest",
              "enable.auto.commit": False, "enable.auto.offset.store": True, "fetch.wait.max.ms": 50,
              "queued.min.messages": 200000, "queued.max.messages.kbytes": 262144, "fetch.max.bytes": 16 << 20, "max.partition.fetch.bytes": 8 << 20})
def on_assign(c, ps): print("STARTED", time.time(), flush=True)
c.subscribe([os.environ["TOPIC"]], on_assign=on_assign)
while True:
    msgs = c.consume(50000, timeout=0.05)  # a backlog fills it at once; otherwise the wait is latency
    if not msgs: continue
    agg = {}
    for m in msgs:
        if m.error(): raise SystemExit(m.error())
        try:
            e = decode(m.value())
        except msgspec.MsgspecError as x:
            print("bad", x, file=sys.stderr); continue
        ts = e.timestamp
        d = ts.date() if ts.tzinfo is UTC else ts.astimezone(UTC).date()
        k = (e.user_id.int, d, e.item_id.int)
        r = agg.get(k)
        if r is None: r = agg[k] = [e.user_id, e.item_id, d, 0, 0, 0]
        r[3 + IDX[e.activity_type]] += 1
    rows = [agg[k] for k in sorted(agg)]
    db.execute(SQL, [list(x) for x in zip(*rows)])
    db.commit()
    c.commit(asynchronous=False)
