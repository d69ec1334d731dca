import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RetriableError } from '../../../lib/connect/errors.ts'
import { type Attribute, marshal, unmarshal } from '../../../lib/state/attributes.ts'
import { absent, equal } from '../../../lib/state/expression.ts'
import { openTable, type Table, TableGone } from '../../../lib/state/table.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'

let dynamo: Dynamo
let table: Table

beforeAll(async () => {
  dynamo = await startDynamo()
  table = dynamo.open('things')
  await Promise.all([table.create(), table.create()])
})

afterAll(async () => {
  table.close()
  await dynamo.stop()
})

const key = (sk: string, pk = 'p') => ({ pk, sk })

const attribute: fc.Arbitrary<Attribute> = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }).map((n) => n + 0),
    fc.uint8Array(),
  ),
  any: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('any'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any as fc.Arbitrary<Attribute>

test('attributes come back as they were', async () => {
  fc.assert(
    fc.property(attribute, (value) => {
      expect(unmarshal(marshal(value))).toEqual(value)
    }),
  )
  const item = {
    text: 'ü',
    number: -1.5,
    yes: true,
    none: null,
    bytes: new Uint8Array([0, 255]),
    list: [1, ['a']],
    map: { a: {} },
  }
  expect(await table.put(key('whole'), item)).toBe(true)
  expect(await table.get(key('whole'))).toEqual({ ...key('whole'), ...item })
})

test('items are read one, many, and all of a key', async () => {
  const keys = Array.from({ length: 130 }, (_, i) => key(String(i).padStart(3, '0'), 'many'))
  // 130 items of 10 KB: more than one page and more than one batch.
  for (const [i, at] of keys.entries()) await table.put(at, { i, text: 'x'.repeat(10_000) })
  const all = await table.query('many')
  expect(all.map(({ i }) => i)).toEqual(keys.map((_, i) => i))
  expect(await table.batchGet([...keys, key('nobody', 'many')])).toHaveLength(130)
  expect(await table.get(key('nobody', 'many'))).toBeNull()
  expect(await table.batchGet([])).toEqual([])
})

test('conditions decide, and the refused one sees why', async () => {
  expect(await table.put(key('once'), { n: 1 }, absent('pk'))).toBe(true)
  expect(await table.put(key('once'), { n: 2 }, absent('pk'))).toBe(false)
  const set = [['n', 3]] as const
  expect(await table.update(key('once'), { set }, equal('n', 2))).toEqual({
    done: false,
    item: { ...key('once'), n: 1 },
  })
  expect(await table.update(key('never'), { set }, equal('n', 2))).toEqual({ done: false, item: null })
  expect(await table.update(key('once'), { set }, equal('n', 1))).toEqual({
    done: true,
    item: { ...key('once'), n: 3 },
  })
  expect(await table.updateWhere(key('never'), key('once'), { set }, equal('n', 3))).toBe('missing')
  expect(await table.updateWhere(key('once'), key('new'), { set }, equal('n', 3))).toBe(false)
  expect(await table.updateWhere(key('once'), key('new'), { set }, absent('pk'))).toBe(true)
  expect(await table.delete(key('new'), equal('n', 4))).toBe(false)
  expect(await table.delete(key('new'), equal('n', 3))).toBe(true)
})

test('a table that is not there is TableGone, whatever is asked', async () => {
  const gone = dynamo.open('gone')
  const calls = [
    gone.get(key('a')),
    gone.batchGet([key('a')]),
    gone.query('p'),
    gone.put(key('a'), {}),
    gone.update(key('a'), { set: [['n', 1]] }),
    gone.delete(key('a')),
    gone.updateWhere(key('a'), key('b'), { set: [['n', 1]] }, absent('pk')),
  ]
  for (const call of await Promise.allSettled(calls))
    expect(call.status === 'rejected' && call.reason).toBeInstanceOf(TableGone)
  gone.close()
})

test('a table that hangs, or is not reached, is a retriable error', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const hanging = openTable('things', { ...dynamo.config, endpoint: `http://127.0.0.1:${port}` })
  await expect(hanging.get(key('a'))).rejects.toThrow(RetriableError)
  await expect(hanging.get(key('a'))).rejects.toThrow('The table things did not answer in time')
  hanging.close()
  for (const socket of sockets) socket.destroy()
  silent.close()
  await once(silent, 'close')
  const unreached = openTable('things', { ...dynamo.config, endpoint: `http://127.0.0.1:${port}` })
  await expect(unreached.get(key('a'))).rejects.toMatchObject({ kind: 'retriable' })
  unreached.close()
})

test('what the service refuses for good is fatal and says why', async () => {
  const big = table.put(key('big'), { text: 'x'.repeat(500_000) })
  await expect(big).rejects.toMatchObject({
    kind: 'fatal',
    message: expect.stringContaining('The table things refused'),
  })
})
