// franz-go + sonic + pgx: poll up to 16 MiB, two goroutines decode and aggregate, one unnest upsert per poll while the next poll is
// being decoded (pipeline of depth 1), offsets committed after the database commit.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/bytedance/sonic"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type event struct {
	UserID    string `json:"user_id"`
	ItemID    string `json:"item_id"`
	Activity  string `json:"activity_type"`
	Timestamp string `json:"timestamp"`
}
type key struct {
	u, i [16]byte
	day  int32
}
type counts [3]int32
type batch struct {
	agg  map[key]*counts
	offs map[string]map[int32]kgo.EpochOffset
}

const sql = `INSERT INTO daily_user_item_summary AS d (user_id,item_id,date,view_count,click_count,purchase_count)
SELECT * FROM unnest($1::uuid[],$2::uuid[],$3::date[],$4::int[],$5::int[],$6::int[])
ON CONFLICT (user_id,date,item_id) DO UPDATE SET view_count=d.view_count+excluded.view_count,
click_count=d.click_count+excluded.click_count, purchase_count=d.purchase_count+excluded.purchase_count`

func now() float64 { return float64(time.Now().UnixNano()) / 1e9 }

func decode(recs []*kgo.Record, agg map[key]*counts) {
	var e event
	for _, r := range recs {
		e = event{}
		if err := sonic.ConfigFastest.Unmarshal(r.Value, &e); err != nil {
			continue
		}
		u, err1 := uuid.Parse(e.UserID)
		i, err2 := uuid.Parse(e.ItemID)
		ts, err3 := time.Parse(time.RFC3339Nano, e.Timestamp)
		if err1 != nil || err2 != nil || err3 != nil || len(e.UserID) != 36 || len(e.ItemID) != 36 {
			continue
		}
		var a int
		switch e.Activity {
		case "view":
		case "click":
			a = 1
		case "purchase":
			a = 2
		default:
			continue
		}
		day := int32(ts.UTC().Unix() / 86400)
		k := key{u, i, day}
		c := agg[k]
		if c == nil {
			c = &counts{}
			agg[k] = c
		}
		c[a]++
	}
}

func main() {
	ctx := context.Background()
	topic := os.Getenv("TOPIC")
	db, err := pgx.Connect(ctx, "") // PGHOST, PGUSER, ... say where
	if err != nil {
		panic(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(os.Getenv("KAFKA")), kgo.ConsumerGroup(os.Getenv("GROUP")), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.FetchMaxBytes(16<<20), kgo.FetchMaxPartitionBytes(4<<20),
		kgo.FetchMaxWait(100*time.Millisecond), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { fmt.Println("STARTED", now()) }))
	if err != nil {
		panic(err)
	}
	ch := make(chan *batch)
	go func() {
		for b := range ch {
			ks := make([]key, 0, len(b.agg))
			for k := range b.agg {
				ks = append(ks, k)
			}
			sort.Slice(ks, func(x, y int) bool {
				if c := bytes.Compare(ks[x].u[:], ks[y].u[:]); c != 0 {
					return c < 0
				}
				if ks[x].day != ks[y].day {
					return ks[x].day < ks[y].day
				}
				return bytes.Compare(ks[x].i[:], ks[y].i[:]) < 0
			})
			us, is := make([]pgtype.UUID, len(ks)), make([]pgtype.UUID, len(ks))
			ds := make([]time.Time, len(ks))
			v, c, p := make([]int32, len(ks)), make([]int32, len(ks)), make([]int32, len(ks))
			for j, k := range ks {
				us[j], is[j] = pgtype.UUID{Bytes: k.u, Valid: true}, pgtype.UUID{Bytes: k.i, Valid: true}
				ds[j] = time.Unix(int64(k.day)*86400, 0).UTC()
				x := b.agg[k]
				v[j], c[j], p[j] = x[0], x[1], x[2]
			}
			if len(ks) > 0 {
				if _, err := db.Exec(ctx, sql, us, is, ds, v, c, p); err != nil {
					panic(err)
				}
			}
			cl.CommitOffsetsSync(ctx, b.offs, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
				if err != nil {
					panic(err)
				}
			})
		}
	}()
	for {
		fs := cl.PollFetches(ctx)
		if es := fs.Errors(); len(es) > 0 {
			panic(es[0].Err)
		}
		recs := fs.Records()
		if len(recs) == 0 {
			cl.AllowRebalance()
			continue
		}
		b := &batch{offs: map[string]map[int32]kgo.EpochOffset{topic: {}}}
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			if len(p.Records) > 0 {
				l := p.Records[len(p.Records)-1]
				b.offs[topic][p.Partition] = kgo.EpochOffset{Epoch: l.LeaderEpoch, Offset: l.Offset + 1}
			}
		})
		half := len(recs) / 2
		a1, a2 := make(map[key]*counts, 4096), make(map[key]*counts, 4096)
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { decode(recs[:half], a1); wg.Done() }()
		decode(recs[half:], a2)
		wg.Wait()
		for k, c := range a2 {
			if x := a1[k]; x != nil {
				x[0] += c[0]
				x[1] += c[1]
				x[2] += c[2]
			} else {
				a1[k] = c
			}
		}
		b.agg = a1
		ch <- b
		cl.AllowRebalance()
	}
}
