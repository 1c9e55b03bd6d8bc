/** A summary as CSV: the same rows as its JSON, whole, filtered, in pages and as a stream. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readyApi } from '../support/api.ts'
import { connect, freshDatabase } from '../support/environment.ts'

const user = 'abcdef00-0000-4000-8000-000000000001'
const path = `/api/user-activity-summary/${user}`

type Row = Readonly<Record<string, string | number>>

/** Read back plainly: no cell of a summary needs quotes. */
function rowsOf(csv: string): Row[] {
  assert.ok(csv.endsWith('\r\n'))
  const [head, ...lines] = csv.slice(0, -2).split('\r\n')
  const names = head!.split(',')
  return lines.map(line => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, i) => [name, name.endsWith('_count') ? Number(cells[i]) : cells[i]!]))
  })
}

test('CSV has the rows of the JSON for every filter, in pages and as a stream, with a name and a tag of its own', async t => {
  const database = await freshDatabase()
  const { url } = await readyApi(t, { postgres: database })
  const admin = await connect(t, database)
  await admin.query(`
    insert into daily_user_item_summary
    select '${user}', date '2025-12-31' - n % 40, md5(n::text)::uuid, n, n % 7, n % 3 from generate_series(1, 2500) as n`)

  for (const query of [
    'from=2025-12-01&to=2025-12-31',
    'from=2025-12-30',
    'to=2025-11-25',
    'limit=10',
    'from=2026-01-01',
    '',
  ]) {
    const [json, csv] = await Promise.all([fetch(`${url}${path}?${query}`), fetch(`${url}${path}?format=csv&${query}`)])
    assert.equal(csv.status, 200, query)
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
    assert.deepEqual(rowsOf(await csv.text()), await json.json(), query)
    assert.notEqual(csv.headers.get('etag'), json.headers.get('etag'), query)
    const again = await fetch(`${url}${path}?format=csv&${query}`, {
      headers: { 'if-none-match': csv.headers.get('etag')! },
    })
    assert.equal(again.status, 304, query)
  }
  const named = await fetch(`${url}${path}?format=csv&from=2025-12-01&to=2025-12-31`)
  const name = `footfall-${user}-2025-12-01-2025-12-31.csv`
  assert.equal(named.headers.get('content-disposition'), `attachment; filename="${name}"`)

  const paged: Row[] = []
  for (let next: string | undefined = `${path}?limit=900&format=csv`; next !== undefined; ) {
    const page: Response = await fetch(`${url}${next}`)
    paged.push(...rowsOf(await page.text()))
    next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
  }
  assert.deepEqual(paged, await (await fetch(`${url}${path}`)).json())
  const nobody = await fetch(`${url}${path.replace(/1$/, '2')}?format=csv`)
  assert.deepEqual(
    [nobody.status, nobody.headers.get('content-type')],
    [404, 'application/problem+json; charset=utf-8'],
  )
})
