/** Connect's own bytes of its internal topics (Kafka Connect 4.3.1). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../../lib/connect/errors.ts'
import { Boxed, type Value } from '../../../lib/connect/value.ts'
import { encodeConfigRecord, parseConfigRecord } from '../../../lib/state/config-records.ts'
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../../../lib/state/json-text.ts'
import {
  encodeOffsetKey,
  encodeOffsetValue,
  parseOffsetKey,
  parseOffsetValue,
  partitionId,
} from '../../../lib/state/offset-records.ts'
import { encodeStatusRecord, parseStatusRecord } from '../../../lib/state/status-records.ts'

function cases(file: string): JsonObject[] {
  const text = readFileSync(join(import.meta.dirname, '../../golden', file), 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [objectOf(tryParseJson(line))]))
}

function objectOf(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw new TypeError('not an object')
  return value
}

function utf8(base64: Json | undefined): string | null {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : null
}

const internal = cases('internal-topics.jsonl').map((found) => {
  const record = objectOf(found['record'])
  const expected = objectOf(found['expected'])
  const key = utf8(expected['key']) ?? ''
  return {
    id: String(found['id']),
    store: record['store'],
    type: record['type'],
    record,
    key,
    value: utf8(expected['value']),
  }
})

describe('config topic', () => {
  const views = ['connector', 'task', 'commit', 'target-state', 'tasks-fencing', 'restart-connector']
  const records = internal.filter(({ store }) => store === 'config')

  test.each(records.map((record) => [record.id, record] as const))('%s', (_, { type, key, value }) => {
    const parsed = parseConfigRecord(key, value)
    if (!views.includes(String(type))) return expect(parsed).toEqual({ kind: 'other', key, value })
    if (parsed.kind === 'other') throw new Error('not understood')
    expect(encodeConfigRecord(parsed)).toEqual({ key, value })
  })

  test('knows every kind', () => {
    expect(new Set(records.map(({ key, value }) => parseConfigRecord(key, value).kind))).toEqual(
      new Set(['connector', 'task', 'commit', 'target-state', 'tasks-fencing', 'restart', 'other']),
    )
  })

  test('passes by what it cannot read', () => {
    for (const value of ['', '{', '[]', '1', '{}', '{"properties":1}', '{"state":"ODD"}', '{"tasks":"x"}']) {
      for (const kind of ['connector-', 'task-', 'commit-', 'target-state-', 'tasks-fencing-', 'restart-connector-'])
        expect(parseConfigRecord(`${kind}a-0`, value)).toEqual({ kind: 'other', key: `${kind}a-0`, value })
    }
  })

  test('keeps names with dashes, blanks and signs apart from task numbers', () => {
    for (const connector of ['a-1', '-', 'task-b-2', 'ü x', 'line\nbreak', '']) {
      const record = { kind: 'task', connector, task: 12, config: { a: null, b: '"' } } as const
      const { key, value } = encodeConfigRecord(record)
      expect(parseConfigRecord(key, value)).toEqual(record)
    }
  })
})

describe('status topic', () => {
  const records = internal.filter(({ store }) => store === 'status')

  test.each(records.map((record) => [record.id, record] as const))('%s', (_, { key, value }) => {
    const parsed = parseStatusRecord(key, value)
    if (parsed === null) throw new Error('not understood')
    expect(encodeStatusRecord(parsed)).toEqual({ key, value })
  })

  test('has the leases beside', () => {
    const lease = {
      epoch: 3,
      owner: 'request/nonce',
      deadline: 1_700_000_000_000,
      ended: true,
      clean: false,
      generation: 12,
    }
    const encoded = encodeStatusRecord({ kind: 'lease', connector: 'a-1', task: 2, lease })
    expect(encoded).toEqual({
      key: 'penstock-lease-a-1-2',
      value: '{"epoch":3,"owner":"request/nonce","deadline":1700000000000,"ended":true,"clean":false,"generation":12}',
    })
    expect(parseStatusRecord(encoded.key, encoded.value)).toEqual({ kind: 'lease', connector: 'a-1', task: 2, lease })
  })
})

describe('offsets topic', () => {
  const live = internal.filter(({ store }) => store === 'offset')

  test.each(live.map((record) => [record.id, record] as const))('%s', (_, { record, key, value }) => {
    const parsed = parseOffsetKey(key)
    expect(parsed).toEqual({ connector: record['connector'], partition: record['partition'] })
    const offset = parseOffsetValue(value)
    if (parsed === null || offset === undefined) throw new Error('not understood')
    expect(encodeOffsetKey(parsed.connector, parsed.partition)).toBe(key)
    expect(encodeOffsetValue(offset)).toBe(value)
  })

  test.each(cases('offset-key.jsonl').map((found) => [String(found['id']), found] as const))('%s', (_, found) => {
    const connector = String(found['connector'])
    const partition = tagged(objectOf(found['partition']))
    const offset = found['offset'] === null ? null : tagged(objectOf(found['offset']))
    const expected = objectOf(found['expected'])
    const encode = () => ({ key: encodeOffsetKey(connector, partition), value: encodeOffsetValue(offset) })
    const error = expected['error']
    if (error !== undefined) {
      expect(encode).toThrow(new DataError(String(objectOf(error)['message'])))
      return
    }
    const encoded = encode()
    expect(Buffer.from(encoded.key).toString('base64')).toBe(expected['key'])
    expect(encoded.value === null ? null : Buffer.from(encoded.value).toString('base64')).toBe(expected['value'])
    const parsed = parseOffsetKey(encoded.key)
    if (parsed === null) throw new Error('not understood')
    expect(encodeOffsetKey(parsed.connector, parsed.partition)).toBe(encoded.key)
    expect(partitionId(parsed.partition)).toBe(partitionId(Object.fromEntries(Object.entries(partition).reverse())))
  })
})

/** The golden cases tag what JSON can't tell: `{"@type": "int32", "@value": 0}`. */
function tagged(position: JsonObject): Record<string, Value> {
  return Object.fromEntries(Object.entries(position).map(([name, value]) => [name, untag(value)]))
}

function untag(value: Json): Value {
  if (!isJsonObject(value) || value['@type'] === undefined) return value
  const inner = value['@value']
  if (value['@type'] === 'date') return new Date(Number(inner))
  if (value['@type'] === 'int32') return new Boxed('int32', Number(inner))
  throw new TypeError(`no tag ${String(value['@type'])}`)
}
