/** The offsets topic's records, in the bytes of Connect's `OffsetStorageWriter` with its JsonConverter (Kafka 4.3). */
import { DataError } from '../connect/errors.ts'
import type { Position } from '../connect/record.ts'
import { Boxed, Decimal, Struct, type Value } from '../connect/value.ts'
import { canonicalText, isJsonObject, type Json, type JsonObject, jsonText, tryParseJson } from './json-text.ts'

/** `["NAME",{...}]`, members in the partition's own order. `DataError` for values that offsets may not have. */
export function encodeOffsetKey(connector: string, partition: Position): string {
  return jsonText([connector, checked(partition)])
}

/** Null, for a reset, is a tombstone. */
export function encodeOffsetValue(offset: Position | null): string | null {
  return offset === null ? null : jsonText(checked(offset))
}

/** Null for a key of another form. */
export function parseOffsetKey(
  key: string,
): { readonly connector: string; readonly partition: Readonly<JsonObject> } | null {
  const parsed = tryParseJson(key)
  if (!Array.isArray(parsed) || parsed.length !== 2) return null
  const [connector, partition] = parsed as readonly Json[]
  return typeof connector === 'string' && isJsonObject(partition) ? { connector, partition } : null
}

/** Undefined for what isn't an offset; null for a tombstone, or JSON's null. */
export function parseOffsetValue(value: string | null): JsonObject | null | undefined {
  const parsed = value === null ? null : tryParseJson(value)
  return parsed === null || isJsonObject(parsed) ? parsed : undefined
}

/** Equal partitions have equal ids, whatever the order of their members. */
export function partitionId(partition: Position): string {
  return canonicalText(checked(partition))
}

/** As `OffsetUtils.validateFormat`. */
function checked(position: Position): JsonObject {
  for (const field of Object.keys(position)) {
    const found = refused(position[field] ?? null)
    if (found !== null)
      throw new DataError(`Offsets may only contain primitive types as values, but field ${field} contains ${found}`)
  }
  return position as JsonObject
}

function refused(value: Value): string | null {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return null
  if (value instanceof Boxed) return value.type === 'biginteger' ? 'class java.math.BigInteger' : null
  if (value instanceof Date) return 'class java.util.Date'
  if (value instanceof Decimal) return 'class java.math.BigDecimal'
  if (value instanceof Struct) return 'STRUCT'
  return Array.isArray(value) ? 'ARRAY' : 'MAP'
}
