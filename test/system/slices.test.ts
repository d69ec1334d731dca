/**
 * Slices hand over under load: what Datagen makes through one slice after the other arrives once and in order, and a
 * sink beside it misses nothing, at 2,000 records/s. PENSTOCK_LONG=N runs N minutes, and two at least.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'
import { handOverGaps, percentile, readTopic } from './topic.ts'

const MINUTES = Number(process.env['PENSTOCK_LONG'] ?? 0)
const RUN_MS = MINUTES > 0 ? Math.max(2, MINUTES) * 60_000 : 20_000
const RATE = 2_000
const SLICE_MS = 5_000
const STRING = 'org.apache.kafka.connect.storage.StringConverter'

test.each([
  { guarantee: 'exactly-once', support: 'enabled' },
  { guarantee: 'at-least-once', support: 'disabled' },
])(
  '$guarantee: every record of a source through many slices, and through a sink',
  { timeout: RUN_MS + 180_000 },
  async ({ guarantee, support }) => {
    const settings = { 'penstock.slice.ms': String(SLICE_MS), 'exactly.once.source.support': support }
    await using penstock = await Penstock.start({ settings })
    const file = join(penstock.folder, 'orders.txt')
    await penstock.create('orders', {
      'connector.class': 'DatagenConnector',
      'kafka.topic': 'orders',
      quickstart: 'orders',
      'penstock.datagen.rate': String(RATE),
      iterations: String((RATE * RUN_MS) / 1000),
      'tasks.max': '1',
    })
    // Their hand-overs take turns: while its source is handed over, a sink has nothing to put.
    await sleep(SLICE_MS / 2)
    await penstock.create('copy', {
      'connector.class': 'FileStreamSink',
      topics: 'orders',
      file,
      'value.converter': STRING,
    })
    await sleep(RUN_MS)
    const source = await until('the source to have made all', 60_000, async () => {
      const progress = await penstock.progress('orders')
      return (progress.tasks[0]?.counters.written ?? 0) >= (RATE * RUN_MS) / 1000 && progress
    })
    expect(source.guarantee).toBe(guarantee)
    expect(source.tasks[0]?.slices).toBeGreaterThanOrEqual(Math.floor(RUN_MS / SLICE_MS) - 1)

    const { bootstrap } = await penstock.local()
    const records = await readTopic(bootstrap, 'orders')
    const ids = records.map((record) => (JSON.parse(record.value ?? '') as { orderid: number }).orderid)
    const made = Array.from({ length: (RATE * RUN_MS) / 1000 }, (_, i) => i)
    expect([...new Set(ids)].sort((a, b) => a - b)).toEqual(made)
    if (guarantee === 'exactly-once') expect(ids).toEqual(made)
    const lines = await until('the sink to have caught up', 30_000, async () => {
      const text = await readFile(file, 'utf8')
      const found = text.split('\n').length - 1
      return found >= records.length && text
    })
    expect(lines.split('\n').slice(0, -1)).toEqual(records.map((record) => record.value))

    const log = await readFile(join(penstock.folder, 'data', 'logs', 'penstock-task.log'), 'utf8')
    for (const connector of ['orders', 'copy']) {
      const apart = handOverGaps(log, connector)
      expect(apart.length).toBeGreaterThan(0)
      console.log(
        `${guarantee}, ${connector}: ${ids.length - made.length} doubled; gaps of ${apart.length} hand-overs: p50 ${percentile(apart, 0.5)} ms, p99 ${percentile(apart, 0.99)} ms, most ${apart.at(-1)} ms`,
      )
    }
  },
)
