/** Letters as lines of JSON that a person can change: `dlq show --lines` prints them, `dlq redrive --edit` takes them. */
import { isUtf8 } from 'node:buffer'
import { ConfigError } from '../connect/errors.ts'
import { jsonText, recordFromJson } from '../converters/record-text.ts'
import { type JsonNode, readWholeJson } from '../java/json-text.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import { type DeadLetter, place } from './letter.ts'

/** What goes into the queue instead of what the letter holds. */
export interface Edit {
  /** `PARTITION:OFFSET` */
  readonly letter: string
  /** Where the record counts as read; absent: as the letter says. Of bytes only. */
  readonly topic?: string
  /** `bytes`: as consumed. `record`: the value is a record as JSON. */
  readonly form: 'bytes' | 'record'
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers: readonly RecordHeader[]
}

type Members = { readonly [key: string]: JsonNode | undefined }

/** Of a source, or edited before: `{letter, record}`. Else `{letter, topic, key, value, headers}`, as they were consumed. */
export function editLine(letter: DeadLetter, isRecord: boolean): string {
  const { key, value, headers, context } = letter
  const head = { letter: place(letter) }
  if (isRecord) return jsonText({ ...head, record: readWholeJson(value?.toString() ?? 'null') })
  return jsonText({
    ...head,
    topic: context.topic,
    key: bytesNode(key),
    value: bytesNode(value),
    headers: headers.map((header) => ({ key: header.key, value: bytesNode(header.value) })),
  })
}

/** UTF-8 as text, other bytes as `{"@type": "bytes", "@value": BASE64}`. */
export function bytesNode(bytes: Buffer | null): JsonNode {
  if (bytes === null) return null
  return isUtf8(bytes) ? bytes.toString() : { '@type': 'bytes', '@value': bytes.toString('base64') }
}

/** `ConfigError` for a line that is no edited letter. A record may stand for a sink's bytes: then no converter is used. */
export function readEdit(line: string): Edit {
  const members = parsed(line)
  const { letter, record, topic } = members
  if (typeof letter !== 'string') throw wrong(line, 'it has no "letter", as in {"letter": "0:12", "value": "..."}')
  if (record !== undefined) {
    try {
      recordFromJson(record)
    } catch (error) {
      throw wrong(line, `its record is none: ${(error as Error).message}`)
    }
    return { letter, form: 'record', key: null, value: jsonText(record), headers: [] }
  }
  if (members['value'] === undefined) throw wrong(line, 'it has neither a value nor a record')
  const headers = ((members['headers'] ?? []) as readonly Members[]).map(({ key, value }) => ({
    key: String(key),
    value: bytesOf(line, value),
  }))
  const of = typeof topic === 'string' ? { topic } : {}
  return {
    letter,
    ...of,
    form: 'bytes',
    key: bytesOf(line, members['key']),
    value: bytesOf(line, members['value']),
    headers,
  }
}

function parsed(line: string): Members {
  try {
    const node = readWholeJson(line)
    if (typeof node === 'object' && node !== null && !Array.isArray(node)) return node as Members
  } catch (error) {
    throw wrong(line, `it is not JSON: ${(error as Error).message}`)
  }
  throw wrong(line, 'it is no object')
}

function bytesOf(line: string, node: JsonNode | undefined): Uint8Array | string | null {
  if (node === undefined || node === null || typeof node === 'string') return node ?? null
  const { '@type': type, '@value': value } = node as Members
  if (type !== 'bytes' || typeof value !== 'string')
    throw wrong(line, 'a key or value is a text, null or {"@type": "bytes", "@value": BASE64}')
  return Buffer.from(value, 'base64')
}

function wrong(line: string, why: string): ConfigError {
  const start = line.length > 80 ? `${line.slice(0, 80)}...` : line
  return new ConfigError(`A line of the edited letters can't be used: ${why}. The line: ${start}`)
}
