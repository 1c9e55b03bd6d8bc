// net/http + pgxpool, ten connections. With ETAG=1 it tags answers by a hash of their bytes and answers 304.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

type row struct {
	ItemID        string `json:"item_id"`
	Date          string `json:"date"`
	ViewCount     int64  `json:"view_count"`
	ClickCount    int64  `json:"click_count"`
	PurchaseCount int64  `json:"purchase_count"`
}

func main() {
	cfg, _ := pgxpool.ParseConfig("pool_max_conns=10 pool_min_conns=10") // PGHOST, PGUSER, ... say where
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		panic(err)
	}
	tagged := os.Getenv("ETAG") == "1"
	http.HandleFunc("GET /api/user-activity-summary/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := uuid.Parse(r.PathValue("id"))
		if err != nil {
			http.Error(w, "bad id", 400)
			return
		}
		rows, err := pool.Query(r.Context(), "SELECT item_id,date,view_count,click_count,purchase_count FROM daily_user_item_summary WHERE user_id=$1 ORDER BY date DESC, item_id", pgtype.UUID{Bytes: id, Valid: true})
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		out := make([]row, 0, 10)
		for rows.Next() {
			var it pgtype.UUID
			var d time.Time
			var x row
			if err := rows.Scan(&it, &d, &x.ViewCount, &x.ClickCount, &x.PurchaseCount); err != nil {
				http.Error(w, err.Error(), 500)
				return
			}
			x.ItemID, x.Date = uuid.UUID(it.Bytes).String(), d.Format("2006-01-02")
			out = append(out, x)
		}
		body, err := json.Marshal(out)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		if tagged {
			tag := fmt.Sprintf("%q", strconv.FormatUint(xxhash.Sum64(body), 36))
			h.Set("ETag", tag)
			if r.Header.Get("If-None-Match") == tag {
				w.WriteHeader(304)
				return
			}
		}
		w.Write(body)
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
