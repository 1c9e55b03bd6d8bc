import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { startPostgres } from './src/stack/postgres.ts'
import { migrate } from './src/postgres/migrate.ts'
import { columnsOf } from './src/consumer/delta-columns.ts'
import { rowWords } from './src/consumer/delta.ts'
const folder = mkdtempSync('/tmp/pgtry-')
const s = await startPostgres({ folder, logFile: folder + '.log', database: 'x', user: 'u', password: 'p' } as any)
const open = async () => { const c = new pg.Client({ host: s.host, port: s.port, user: 'u', password: 'p', database: 'x' }); await c.connect(); return c }
const rowsN = Number(process.argv[2] ?? 200000)
function delta() { // random users, sorted
  const keys = Array.from({ length: rowsN }, () => randomBytes(32)).sort(Buffer.compare)
  const d = new Uint32Array(rowsN * rowWords)
  const b = Buffer.from(d.buffer)
  keys.forEach((k, i) => { k.copy(b, i * 48, 0, 16); b.writeUInt32BE(20000 + 2 ** 31, i * 48 + 16); k.copy(b, i * 48 + 20, 16, 32); d[i * 12 + 9] = 1 })
  return d
}
const upsert = (on: string) => `insert into daily_user_item_summary as s (user_id, date, item_id, view_count, click_count, purchase_count)
     select user_id, date '1970-01-01' + day, item_id, views, clicks, purchases
       from unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
         as d(user_id, day, item_id, views, clicks, purchases) ${on}`
const conflict = `on conflict (user_id, date, item_id) do update
        set view_count = s.view_count + excluded.view_count, click_count = s.click_count + excluded.click_count, purchase_count = s.purchase_count + excluded.purchase_count`
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10 }
const ways: Record<string, (c: pg.Client, d: Uint32Array) => Promise<unknown>> = {
  'upsert ordered': (c, d) => c.query(upsert('order by 1,2,3 ' + conflict), columnsOf(d)),
  upsert: (c, d) => c.query(upsert(conflict), columnsOf(d)),
  nothing: (c, d) => c.query(upsert('on conflict do nothing'), columnsOf(d)),
  insert: (c, d) => c.query(upsert(''), columnsOf(d)),
}
const took: Record<string, number[]> = {}
for (let round = 0; round < 4; round++) for (const [name, way] of Object.entries(ways)) {
  const c = await open()
  if (round === 0 && name === 'upsert ordered') await migrate(c)
  await c.query('truncate daily_user_item_summary'); await c.query('checkpoint')
  const pid = (await c.query('select pg_backend_pid() p')).rows[0].p
  const first = delta()
  await c.query('begin'); await way(c, first); await c.query('commit')
  const before = cpu(pid), t = performance.now()
  for (let i = 0; i < 2; i++) { const d = delta(); await c.query('begin'); await way(c, d); await c.query('commit') }
  ;(took[name] ??= []).push((cpu(pid) - before) * 1000 / (2 * rowsN))
  await c.end()
}
for (const [n, v] of Object.entries(took)) console.log(n.padEnd(16), v.map(x => x.toFixed(2)).join(' '), 'us CPU a row')
await s.kill(); rmSync(folder, { recursive: true })
