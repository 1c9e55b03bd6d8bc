# FastAPI + asyncpg, ten connections over all workers. With ETAG=1 it tags answers by a hash of their bytes and answers 304.
import hashlib, os
from contextlib import asynccontextmanager
from uuid import UUID
import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.encoders import jsonable_encoder
@asynccontextmanager
async def life(app):
    app.state.pool = await asyncpg.create_pool(min_size=5, max_size=5)  # per worker; PGHOST, PGUSER, ... say where
    yield
app = FastAPI(lifespan=life)
SQL = "SELECT item_id,date,view_count,click_count,purchase_count FROM daily_user_item_summary WHERE user_id=$1 ORDER BY date DESC, item_id"
async def plain(user_id: UUID):
    rows = await app.state.pool.fetch(SQL, user_id)
    return [dict(r) for r in rows]
async def tagged(user_id: UUID, request: Request):
    rows = await app.state.pool.fetch(SQL, user_id)
    answer = JSONResponse(jsonable_encoder([dict(r) for r in rows]))
    tag = f'"{hashlib.blake2b(answer.body, digest_size=16).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    answer.headers["etag"] = tag
    return answer
app.get("/api/user-activity-summary/{user_id}")(tagged if os.environ.get("ETAG") == "1" else plain)
