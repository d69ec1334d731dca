import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import type { SourceConnector, SourceTask } from '../../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../../lib/connect/record.ts'
import { parse } from '../../../../lib/connect/settings.ts'
import { find } from '../../../../lib/registry.ts'
import { drain, startSource, testSource } from '../../../contract/source.ts'

const folder = await mkdtemp(join(tmpdir(), 'penstock-file-'))
afterAll(() => rm(folder, { recursive: true }))

let count = 0
async function file(content: string): Promise<string> {
  const name = join(folder, `in-${count++}.txt`)
  await writeFile(name, content)
  return name
}

const NAME = 'FileStreamSource'
const lines = (records: readonly ConnectRecord[]) => records.map((record) => record.value)
const positions = (records: readonly ConnectRecord[]) =>
  records.map(({ origin }) => (origin.kind === 'source' ? origin.offset['position'] : undefined))

async function poll(task: SourceTask) {
  using time = budget(10_000)
  return task.poll(1000, time)
}

testSource(NAME, async () => ({ file: await file('one\ntwo\r\n\nthrée\rfour\nfive\n'), topic: 't' }))

describe('lines', () => {
  test('are strings with the schema STRING, without a key, in the topic', async () => {
    const task = await startSource(NAME, { file: await file('a\n'), topic: 'lines' })
    const [record] = await drain(task)
    expect(record).toMatchObject({ topic: 'lines', key: null, keySchema: null, value: 'a', partition: null })
    expect(record?.valueSchema?.type).toBe('string')
    await task.stop()
  })

  test('end in \\n, \\r\\n or \\r, and positions are the bytes after that', async () => {
    const task = await startSource(NAME, { file: await file('a\nbé\r\nc\rd\n'), topic: 't' })
    const records = await drain(task)
    expect(lines(records)).toEqual(['a', 'bé', 'c', 'd'])
    expect(positions(records)).toEqual([2, 7, 9, 11])
    await task.stop()
  })

  test('without an end wait for it', async () => {
    const name = await file('whole\npart')
    const task = await startSource(NAME, { file: name, topic: 't' })
    expect(lines(await drain(task))).toEqual(['whole'])
    await appendFile(name, ' and rest\r')
    expect(lines(await drain(task))).toEqual([])
    await appendFile(name, '\nnext\n')
    expect(lines(await drain(task))).toEqual(['part and rest', 'next'])
    await task.stop()
  })

  test('longer than a block come whole', async () => {
    const long = 'x'.repeat(5_000_000)
    const task = await startSource(NAME, { file: await file(`short\n${long}\né${long}\nend\n`), topic: 't' })
    const records = await drain(task)
    expect(records.map((record) => (record.value as string).length)).toEqual([5, 5_000_000, 5_000_001, 3])
    expect(positions(records).at(-1)).toBe(6 + 5_000_001 + 5_000_003 + 4)
    await task.stop()
  })

  test('of any text are cut as a plain split does it', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r', '\r\n', 'some more text ') })
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 40 }), async (parts) => {
        const content = `${parts.join('')}\n`
        const task = await startSource(NAME, { file: await file(content), topic: 't' })
        expect(lines(await drain(task, 7))).toEqual(content.split(/\r\n|\n|\r/).slice(0, -1))
        await task.stop()
      }),
      { numRuns: 100 },
    )
  })

  test('many come in order across blocks, at most batch.size a poll', async () => {
    const all = Array.from({ length: 60_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 90)}`)
    const task = await startSource(NAME, { file: await file(`${all.join('\n')}\n`), topic: 't', 'batch.size': '700' })
    const first = await poll(task)
    expect(first.records).toHaveLength(700)
    const rest = await drain(task)
    expect([...lines(first.records), ...lines(rest)]).toEqual(all)
    await task.stop()
  })
})

describe('the file', () => {
  test('is waited for', async () => {
    const name = join(folder, 'later.txt')
    const task = await startSource(NAME, { file: name, topic: 't' })
    expect(await poll(task)).toMatchObject({ records: [], note: `waiting for ${name} to exist` })
    await writeFile(name, 'here\n')
    expect(lines(await drain(task))).toEqual(['here'])
    await task.stop()
  })

  test('that was cut off is noticed', async () => {
    const name = await file('one\ntwo\nthree\n')
    const task = await startSource(NAME, { file: name, topic: 't' })
    await drain(task)
    await truncate(name, 4)
    expect((await poll(task)).note).toMatch(/4 bytes, fewer than the 14 already read/)
    await task.stop()
  })

  test('that is shorter than the stored position is noticed', async () => {
    const name = await file('one\n')
    const stored = [{ partition: { filename: name }, offset: { position: 100 } }]
    const task = await startSource(NAME, { file: name, topic: 't' }, stored)
    expect((await poll(task)).note).toMatch(/fewer than the 100 already read/)
    await task.stop()
  })

  test('that was replaced is gone on in', async () => {
    const name = await file('one\ntwo\n')
    const task = await startSource(NAME, { file: name, topic: 't' })
    await drain(task)
    await writeFile(`${name}.new`, 'ONE\nTWO\nTHREE\n')
    await rename(`${name}.new`, name)
    await poll(task)
    expect(lines(await drain(task))).toEqual(['THREE'])
    await task.stop()
  })

  test('that is a folder is an error that names it', async () => {
    const task = await startSource(NAME, { file: folder, topic: 't' })
    await expect(poll(task)).rejects.toThrow(`${folder} is a folder`)
    await task.stop()
  })
})

describe('offsets', () => {
  const check = async (partition: object | null, offset: object | null, file: string | null = 'f') => {
    const { checkOffsets } = (await find('source', NAME)) as SourceConnector
    checkOffsets?.([{ partition, offset } as never], { file })
  }

  test.each([
    [
      { filename: 'f' },
      { position: -2 },
      "The value for the 'position' key in the offset should be a non-negative value",
    ],
    [
      { filename: 'f' },
      { position: 'x' },
      "The value for the 'position' key in the offset is expected to be a Long value",
    ],
    [{ nofile: 'f' }, { position: 1 }, "Partition objects should contain the key 'filename'"],
    [null, { position: 1 }, 'Partition objects cannot be null'],
    [{ filename: 'f' }, {}, "Offset objects should either be null or contain the key 'position'"],
  ])('%j %j', async (partition, offset, text) => {
    await expect(check(partition, offset)).rejects.toThrow(text)
  })

  test('of standard input there are none, not even to take away', async () => {
    await expect(check({ filename: 'f' }, null, null)).rejects.toThrow("the 'file' configuration is unspecified")
  })

  test('of a file, and resets of anything, are taken', async () => {
    await check({ filename: 5 }, { position: 2 })
    await check({ whatever: 1 }, null)
  })
})

describe('an idle task is worth a slice', () => {
  /** What a look says after a task has read the file to its end and `change` was made. */
  async function changed(name: string, change: () => Promise<unknown>, from = 0): Promise<boolean | undefined> {
    const connector = (await find('source', NAME)) as SourceConnector
    const raw = { file: name, topic: 't' }
    const task = await startSource(NAME, raw, [{ partition: { filename: name }, offset: { position: from } }])
    let polled = await poll(task)
    while (polled.idleMs === undefined) polled = await poll(task)
    await task.stop()
    await change()
    using time = budget(10_000)
    return connector.look?.(parse(connector.settings, raw), polled.mark ?? '', time, raw)
  }
  const nothing = async () => {}

  test('never without a change, also of a line that has no end yet and of a file that is not there', async () => {
    expect(await changed(await file('one\ntwo\n'), nothing)).toBe(false)
    expect(await changed(await file('one\ntw'), nothing)).toBe(false)
    expect(await changed(await file('one\n'), nothing, 400)).toBe(false)
    expect(await changed(join(folder, 'nowhere.txt'), nothing)).toBe(false)
  })

  test('once there are more bytes, fewer, another file, none, or one at last', async () => {
    const [more, fewer, other, gone] = await Promise.all(['a\n', 'a\nb\n', 'a\n', 'a\n'].map(file))
    const late = join(folder, 'late.txt')
    expect(await changed(more as string, () => appendFile(more as string, 'b'))).toBe(true)
    expect(await changed(fewer as string, () => truncate(fewer as string, 2))).toBe(true)
    const replace = async () => rename(await file('b\n'), other as string)
    expect(await changed(other as string, replace)).toBe(true)
    expect(await changed(gone as string, () => rm(gone as string))).toBe(true)
    expect(await changed(late, () => writeFile(late, ''))).toBe(true)
  })
})

test('exactly once with a file only', async () => {
  const { exactlyOnce } = (await find('source', NAME)) as SourceConnector
  expect([exactlyOnce({ file: 'f' } as never, {}), exactlyOnce({ file: null } as never, {})]).toEqual([true, false])
})
