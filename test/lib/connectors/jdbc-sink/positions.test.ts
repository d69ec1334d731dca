/** The positions that the sink keeps in its database, in one transaction with the rows. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { SinkTask, SinkWriter } from '../../../../lib/connect/plugin.ts'
import { parse } from '../../../../lib/connect/settings.ts'
import jdbcSink from '../../../../lib/connectors/jdbc-sink/index.ts'
import { folder, record, withDatabase, within } from './sink.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const at = (next: number) => new Map([['t', new Map([[0, next]])]])

async function writer(file: string, by: Partial<SinkWriter>): Promise<Required<SinkTask>> {
  if (jdbcSink.kind !== 'sink') throw new Error('not a sink')
  const config = parse(jdbcSink.settings, { 'connection.url': `jdbc:sqlite:${file}`, 'auto.create': 'true' })
  const context = {
    ...{ connector: 'c', task: 0, assignment: new Map([['t', [0]]]), log },
    writer: { group: 'connect-c', generation: 1, epoch: 1, ...by },
  }
  const task = await jdbcSink.start(config, context, within)
  onTestFinished(() => task.stop())
  return task as Required<SinkTask>
}

const rows = (file: string) =>
  withDatabase(file, (db) =>
    db
      .prepare('SELECT n FROM t')
      .all()
      .map(({ n }) => n),
  )

test('rows and positions are written together, and the next writer finds the positions', async () => {
  const file = join(folder(), 'a.db')
  const first = await writer(file, { epoch: 1 })
  expect(await first.claim(within)).toEqual(new Map())
  expect(await first.put([record({ n: 1 }), record({ n: 2 })], within, at(2))).toEqual([])
  await first.put([], within, at(5))
  expect(await (await writer(file, { epoch: 2 })).claim(within)).toEqual(at(5))
  expect(await (await writer(file, { group: 'connect-other' })).claim(within)).toEqual(new Map())
  expect(rows(file)).toEqual([1, 2])
})

test.each([
  { older: { generation: 1, epoch: 7 }, younger: { generation: 1, epoch: 8 } },
  { older: { generation: 1, epoch: 7 }, younger: { generation: 2, epoch: 1 } },
])('what an older writer sends late is not written: %o', async ({ older, younger }) => {
  const file = join(folder(), 'a.db')
  const late = await writer(file, older)
  await late.claim(within)
  await late.put([record({ n: 1 })], within, at(1))
  const next = await writer(file, younger)
  await next.claim(within)
  await expect(late.put([record({ n: 2 })], within, at(2))).rejects.toThrow(/penstock_offsets says that a younger/)
  await expect(late.put([record({ n: 3 })], within, new Map())).rejects.toThrow(/a younger writer has it/)
  await expect((await writer(file, older)).claim(within)).rejects.toThrow(/a younger writer has it/)
  await next.put([record({ n: 4 })], within, at(2))
  expect(rows(file)).toEqual([1, 4])
})

test('where a record is refused nothing is written, and the others go with the next put', async () => {
  const file = join(folder(), 'a.db')
  withDatabase(file, (db) => db.exec('CREATE TABLE t(n INTEGER CHECK(n < 10))'))
  const task = await writer(file, {})
  await task.claim(within)
  const [good, bad] = [record({ n: 1 }), record({ n: 10 })]
  expect((await task.put([good, bad], within, at(2))).map((failure) => failure.record)).toEqual([bad])
  expect(rows(file)).toEqual([])
  expect(await task.put([good], within, at(1))).toEqual([])
  expect(rows(file)).toEqual([1])
  expect(await (await writer(file, { epoch: 2 })).claim(within)).toEqual(at(1))
})
