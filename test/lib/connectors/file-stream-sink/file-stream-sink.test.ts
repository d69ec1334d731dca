import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import { ConnectRecord, NO_HEADERS } from '../../../../lib/connect/record.ts'
import { primitive, STRING } from '../../../../lib/connect/schema.ts'
import type { Typed } from '../../../../lib/connect/value.ts'
import { Struct } from '../../../../lib/connect/value.ts'
import { INNER, SINK } from '../../../contract/records.ts'
import { startSink, testSink } from '../../../contract/sink.ts'

const folder = await mkdtemp(join(tmpdir(), 'penstock-sink-'))
afterAll(() => rm(folder, { recursive: true }))

let count = 0
const record = ({ schema, value }: Typed) =>
  new ConnectRecord('t', 0, null, null, schema, value, null, NO_HEADERS, SINK)

testSink('FileStreamSink', async () => {
  const file = join(folder, `out-${count++}.txt`)
  const texts = ['one', '', 'thrée 😀', 'x'.repeat(3_000_000)]
  return {
    config: { file },
    records: texts.map((value) => record({ schema: STRING, value })),
    read: async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1),
    expected: ({ value }) => value,
  }
})

async function put(file: string, values: readonly Typed[]): Promise<string> {
  const task = await startSink('FileStreamSink', { file })
  using time = budget(10_000)
  await task.put(values.map(record), time)
  await task.flush(time)
  await task.stop()
  return readFile(file, 'utf8')
}

test("values are Java's texts", async () => {
  const written = await put(join(folder, 'texts.txt'), [
    { schema: primitive('float64'), value: 1e7 },
    { schema: primitive('int32'), value: 5 },
    { schema: INNER, value: new Struct(INNER, ['Wien', null]) },
    { schema: null, value: { a: 1, b: [true, null] } },
    { schema: null, value: null },
    { schema: STRING, value: 'half \ud800 pair' },
  ])
  expect(written).toBe('1.0E7\n5\nStruct{city=Wien}\n{a=1, b=[true, null]}\nnull\nhalf ? pair\n')
})

test('a file that is there is appended to', async () => {
  const file = join(folder, 'there.txt')
  await writeFile(file, 'before\n')
  expect(await put(file, [{ schema: STRING, value: 'after' }])).toBe('before\nafter\n')
})

test('a missing folder is named, and what to do', async () => {
  const file = join(folder, 'missing', 'out.txt')
  await expect(startSink('FileStreamSink', { file })).rejects.toThrow(
    `Couldn't find or create file '${file}' for FileStreamSinkTask: the folder ${join(folder, 'missing')} doesn't exist. Create it`,
  )
  await expect(startSink('FileStreamSink', { file: folder })).rejects.toThrow('it is a folder')
})
