import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '../../../lib/connect/errors.ts'
import { Boxed } from '../../../lib/connect/value.ts'
import { openFileOffsets } from '../../../lib/state/file-offsets.ts'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offsets-'))
  file = join(folder, 'connect.offsets')
})

afterEach(() => rm(folder, { recursive: true }))

test('are there again after a restart, with their types', async () => {
  const offsets = await openFileOffsets(file)
  expect(offsets.of('a').all()).toEqual([])
  const offset = { pos: 9_007_199_254_740_993n, part: new Boxed('float64', 2), ratio: 0.5, text: '"\n😀', none: null }
  await offsets.save('a', [{ partition: { x: 1, y: 2 }, offset }])
  await offsets.save('b', [{ partition: { x: 1, y: 2 }, offset: { pos: 1 } }])
  await offsets.save('b', [{ partition: { z: 1 }, offset: { pos: 1 } }])
  await offsets.save('b', [{ partition: { z: 1 }, offset: null }])
  const again = await openFileOffsets(file)
  expect(again.of('a').get({ y: 2, x: 1 })).toEqual(offset)
  expect(again.of('b').all()).toEqual([{ partition: { x: 1, y: 2 }, offset: { pos: 1 } }])
  expect(await readdir(folder)).toEqual(['connect.offsets'])
})

test('saved at once are all in the file when their saves resolve', async () => {
  const offsets = await openFileOffsets(file)
  const saves = Array.from({ length: 50 }, async (_, pos) => {
    await offsets.save('a', [{ partition: { task: pos % 5 }, offset: { pos } }])
    return Number((await openFileOffsets(file)).of('a').get({ task: pos % 5 })?.['pos'])
  })
  for (const [pos, saved] of (await Promise.all(saves)).entries()) expect(saved).toBeGreaterThanOrEqual(pos)
  expect(JSON.parse(await readFile(file, 'utf8')).offsets).toHaveLength(5)
})

test('of another form are refused rather than overwritten', async () => {
  for (const content of [
    Buffer.from([0xac, 0xed, 0x00, 0x05]),
    '{}',
    '{"offsets":[1]}',
    '{"offsets":[{"connector":"a"}]}',
  ]) {
    await writeFile(file, content)
    await expect(openFileOffsets(file)).rejects.toThrow(ConfigError)
  }
})
