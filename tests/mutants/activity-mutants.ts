/** Defects of what is kept of when things happen: minutes, how they become days, and how long it took. */
import { of } from './mutant.ts'

const fold = of('src/consumer/fold.ts', 'tests/unit/consumer/fold.test.ts')
const minutes = of('src/consumer/minutes.ts', 'tests/unit/consumer/fold.test.ts')
const kernel = of('src/kernel/assembly/kernel.ts', 'tests/unit/kernel/kernel.test.ts')
const settle = of('src/consumer/settle.ts', 'tests/unit/consumer/settle.test.ts')
const sql = of('src/consumer/keep-activity.ts', 'tests/integration/simulated-store.test.ts')
const busiest = of('src/consumer/busiest.ts', 'tests/unit/consumer/busiest.test.ts')
const directed = 'tests/integration/activity.test.ts'

export const activityMutants = [
  fold('minutes of the kernel are forgotten', 'if (run.counted > 0) {', 'if (run.counted < 0) {'),
  fold(
    'minutes of what was judged are forgotten',
    '    addToMinutes(pending.minutes, this.#clockMs, kindsOf[verdict.activity])\n',
    '',
  ),
  fold(
    'the kernel stays in a minute for a moment too long',
    'minuteAt(this.#clockMs) + minuteMs - 1',
    'minuteAt(this.#clockMs) + minuteMs',
  ),
  fold('no minute is ever over', 'minuteAt(this.#clockMs) !== minuteAt(fromClockMs)', 'false'),
  minutes('a minute begins in its middle', 'Math.floor(clockMs / minuteMs)', 'Math.round(clockMs / minuteMs)'),
  minutes('clicks of a minute that goes on are lost', '  last.clicks += clicks\n', ''),
  kernel('kernel: purchases are told as clicks', 'clicks += activity & 1', 'clicks += activity'),
  kernel('kernel: clicks of the call before are told again', '  clicks = 0\n', '', 'tests/unit/consumer/fold.test.ts'),
  settle('activity is forgotten', '    await tables.keepActivity(ours)\n', ''),
  sql(
    'a minute forgets what it had',
    'on conflict (partition, minute) do update\n          set view_count = a.view_count + ',
    'on conflict (partition, minute) do update\n          set view_count = ',
  ),
  sql(
    'a day forgets what it had',
    'on conflict (partition, date) do update\n        set view_count = a.view_count + ',
    'on conflict (partition, date) do update\n        set view_count = ',
  ),
  sql(
    'minutes that move on are lost',
    'from minutes\n        union all',
    'from minutes where false\n        union all',
  ),
  sql('days that move on are lost', 'purchase_count from days)', 'purchase_count from days where false)'),
  sql('minutes move on a minute too early', 'a.minute < past.minute', 'a.minute <= past.minute', directed),
  sql('days are summed up a day too early', 'moving.date < past.date', 'moving.date <= past.date', directed),
  sql('minutes of other partitions move on', 'where a.partition = past.partition and a.minute', 'where a.minute'),
  sql(
    'the ledger does not say what is in activity',
    'in_activity = l.in_activity + b.counted',
    'in_activity = l.in_activity',
  ),
  sql('waiting is told in seconds', 'clock_timestamp()) * 1000 - b', 'clock_timestamp()) - b', directed),
  sql(
    'an unknown time of waiting is told as a long one',
    'b.appended_ms >= 0 then',
    'b.appended_ms >= -1 then',
    directed,
  ),
  busiest('scores never fade', 'Math.exp(Math.min(0, atMs - nowMs) / fadeMs)', 'Math.exp(0)'),
  busiest('an event that is drawn stands for itself alone', 'next += drawn * weight\n', 'next += drawn\n'),
  busiest('who is busy is given up first', 'sort(([, a], [, b]) => b - a)', 'sort(([, a], [, b]) => a - b)'),
]
