import { afterAll, beforeAll, expect, test } from 'vitest'
import type { State } from '../../../lib/state/open.ts'
import { type Group, startWorld, type World } from './world.ts'

let world: World
let group: Group
let state: State

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'status.storage.partitions': '3', 'offset.storage.partitions': '1' })
  state = group.open()
  await state.rebuild()
})

afterAll(() => world[Symbol.asyncDispose]())

const custody = async (of: State = state) => (await of.custody.get()).custody

test('Penstock runs the connectors of a new table, and nobody has looked yet', async () => {
  expect(await state.custody.get()).toEqual({ custody: { kind: 'penstock' }, looked: 0 })
})

test('workers are remembered from when they were seen first, until they have left', async () => {
  await state.custody.saw('a worker', 100)
  await state.custody.saw('two workers', 200)
  expect(await state.custody.get()).toEqual({
    custody: { kind: 'aside', since: 100, because: 'two workers' },
    looked: 200,
  })
  await state.custody.saw(null, 300)
  expect(await state.custody.get()).toEqual({ custody: { kind: 'penstock' }, looked: 300 })
})

test('a release outlives the table, and so does its end', async () => {
  await state.custody.saw('a worker', 100)
  await state.custody.release({ at: 5, complete: false })
  expect(await custody(group.open())).toEqual({ kind: 'released', since: 5, complete: false })
  await state.custody.release({ at: 5, complete: true })
  await group.dropTable()
  await state.rebuild()
  expect(await custody()).toEqual({ kind: 'released', since: 5, complete: true })
  await state.custody.release(null)
  await group.dropTable()
  await state.rebuild()
  expect(await custody()).toEqual({ kind: 'penstock' })
})
