/** Offsets in bodies: `{"offsets": [{"partition": {...}, "offset": {...}}]}`. */
import type { OffsetChange } from '../connect/plugin.ts'
import type { Position } from '../connect/record.ts'
import { isJsonObject, type Json, jsonText, tryParseJson } from '../state/json-text.ts'
import { badRequest } from './answer.ts'
import { anything, array, map, named, nullable, object } from './schema.ts'

export interface ConnectorOffset {
  readonly partition: Position
  readonly offset: Position
}

const position = map(anything)

export const connectorOffset = named(
  'ConnectorOffset',
  object({ partition: nullable(position), offset: nullable(position) }),
)

export const connectorOffsets = named('ConnectorOffsets', object({ offsets: array(connectorOffset) }))

/** `json` as it was parsed for its shape; `text` for its numbers, with all their digits. `RestError` 400. */
export function offsetChanges(json: unknown, text: string): OffsetChange[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest('The request body must be a JSON object with the key offsets')
  const { offsets, ...others } = (tryParseJson(text) ?? {}) as Readonly<Record<string, Json | undefined>>
  refuseStrangers(others, 'an object with the key offsets')
  if (offsets === undefined || offsets === null || (isList(offsets) && offsets.length === 0))
    throw badRequest('Partitions / offsets need to be provided for an alter offsets request')
  if (!isList(offsets)) throw badRequest('offsets must be an array of objects with the keys partition and offset')
  return offsets.map(change)
}

/** With all digits of their numbers. */
export function offsetsText(offsets: readonly ConnectorOffset[]): string {
  return jsonText(offsets as unknown as Json)
}

function change(entry: Json): OffsetChange {
  if (!isJsonObject(entry)) throw badRequest('offsets must hold objects with the keys partition and offset')
  const { partition, offset, ...others } = entry as Readonly<Record<string, Json | undefined>>
  refuseStrangers(others, 'an object with the keys partition and offset')
  return { partition: asPosition('partition', partition), offset: asPosition('offset', offset) }
}

function asPosition(key: string, value: Json | undefined): Position | null {
  if (value === undefined || value === null) return null
  if (!isJsonObject(value)) throw badRequest(`${key} must be an object, or null`)
  return value as Position
}

function refuseStrangers(others: Readonly<Record<string, unknown>>, expected: string): void {
  const [stranger] = Object.keys(others)
  if (stranger !== undefined) throw badRequest(`Unrecognized field "${stranger}": expected ${expected}`)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
