// Fastify + pg, ten connections, a response schema. With ETAG=1 it has the plugin @fastify/etag, which answers 304, too.
import etag from '@fastify/etag'
import Fastify from 'fastify'
import pg from 'pg'

pg.types.setTypeParser(pg.types.builtins.DATE, text => text)
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ max: 10 }) // PGHOST, PGUSER, ... say where
const app = Fastify()
if (process.env.ETAG === '1') await app.register(etag, { algorithm: 'fnv1a' })

const integer = { type: 'integer' }
const row = {
  type: 'object',
  properties: {
    item_id: { type: 'string' },
    date: { type: 'string' },
    view_count: integer,
    click_count: integer,
    purchase_count: integer,
  },
}
const schema = {
  params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } },
  response: { 200: { type: 'array', items: row } },
}
const text =
  'SELECT item_id,date,view_count,click_count,purchase_count FROM daily_user_item_summary WHERE user_id=$1 ORDER BY date DESC, item_id'
app.get('/api/user-activity-summary/:id', { schema }, async request => {
  const { rows } = await pool.query({ name: 'summary', text, values: [request.params.id] })
  return rows
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
