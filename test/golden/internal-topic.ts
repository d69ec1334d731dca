/** Cases of Connect's internal topics: what was read from them is written again, offsets are written from their maps. */
import { typedFromJson } from '../../lib/converters/record-text.ts'
import type { Position } from '../../lib/connect/record.ts'
import { type JsonNode, readJson } from '../../lib/java/json-text.ts'
import { encodeConfigRecord, parseConfigRecord } from '../../lib/state/config-records.ts'
import { encodeOffsetKey, encodeOffsetValue } from '../../lib/state/offset-records.ts'
import { encodeStatusRecord, parseStatusRecord } from '../../lib/state/status-records.ts'
import { staged } from './chain.ts'
import type { Case } from './run-case.ts'

export async function offsetKey(one: Case): Promise<JsonNode> {
  const { key, value } = await staged('apply', () =>
    encodeOffset(one['connector'] as string, one['partition'] ?? null, one['offset'] ?? null),
  )
  return { key: base64(key), value: base64(value) }
}

export function internalTopic(one: Case): JsonNode {
  const record = one['record'] as Case
  const expected = one['expected'] as Case
  const text = (name: string) =>
    expected[name] === null ? null : Buffer.from(expected[name] as string, 'base64').toString()
  const { key, value } = written(record, text('key') ?? '', text('value'))
  // Of a HashMap only the entries are the same each time.
  const same = one['unordered'] === true && value !== null && sameEntries(value, text('value'))
  return {
    key: base64(key),
    value: same ? (expected['value'] as JsonNode) : base64(value),
    headers: [],
    keyText: key,
    valueText: same ? (expected['valueText'] as JsonNode) : value,
  }
}

function written(record: Case, key: string, value: string | null): { key: string; value: string | null } {
  switch (record['store']) {
    case 'offset':
      return encodeOffset(record['connector'] as string, record['partition'] ?? null, record['data'] ?? null)
    case 'config': {
      const parsed = parseConfigRecord(key, value)
      return parsed.kind === 'other' ? { key, value } : encodeConfigRecord(parsed)
    }
    default: {
      const parsed = parseStatusRecord(key, value)
      return parsed === null ? { key, value } : encodeStatusRecord(parsed)
    }
  }
}

function encodeOffset(connector: string, partition: JsonNode, offset: JsonNode): { key: string; value: string | null } {
  return {
    key: encodeOffsetKey(connector, position(partition) as Position),
    value: encodeOffsetValue(position(offset)),
  }
}

function position(node: JsonNode): Position | null {
  return typedFromJson({ schema: null, payload: node }).value as Position | null
}

function sameEntries(a: string, b: string | null): boolean {
  const sorted = (text: string) => JSON.stringify(readJson(text), (_key, value) => ordered(value))
  return b !== null && sorted(a) === sorted(b)
}

function ordered(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value
}

const base64 = (text: string | null): string | null => (text === null ? null : Buffer.from(text).toString('base64'))
