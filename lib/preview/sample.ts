/** Sample records as they are given: in the golden form (`recordFromJson`), as text, or as fetched from a topic. */
import { jsonText } from '../converters/record-text.ts'
import { Fraction, type JsonNode, readWholeJson } from '../java/json-text.ts'

export interface RecordSample {
  readonly kind: 'record'
  readonly node: JsonNode
}

/** The value alone: no key, no headers, no timestamp. */
export interface TextSample {
  readonly kind: 'text'
  readonly text: string
}

export interface FetchedSample {
  readonly kind: 'fetched'
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Epoch ms. */
  readonly timestamp: number | null
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}

export type Sample = RecordSample | TextSample | FetchedSample

/** A JSON string is a text; an object that isn't a record stands for its own JSON text. */
export function sampleOf(node: JsonNode): Sample {
  if (isRecord(node)) return { kind: 'record', node }
  return { kind: 'text', text: typeof node === 'string' ? node : jsonText(node) }
}

/** A line that is a record in JSON, else the value's text as it stands. */
export function sampleOfLine(line: string): Sample {
  const node = parsed(line)
  return node !== undefined && isRecord(node) ? { kind: 'record', node } : { kind: 'text', text: line }
}

function parsed(line: string): JsonNode | undefined {
  if (!line.trimStart().startsWith('{')) return undefined
  try {
    return readWholeJson(line)
  } catch {
    return undefined
  }
}

const MEMBERS = ['kind', 'topic', 'partition', 'key', 'value', 'headers', 'timestamp', 'offset', 'timestampType']

/** `topic`, and key or value as `{schema, payload}` or null; nothing that no record has. */
function isRecord(node: JsonNode): boolean {
  const members = objectOf(node)
  if (members === null || typeof members['topic'] !== 'string') return false
  if (!('key' in members || 'value' in members)) return false
  if (!Object.keys(members).every((key) => MEMBERS.includes(key))) return false
  return isEnvelope(members['key']) && isEnvelope(members['value'])
}

function isEnvelope(node: JsonNode | undefined): boolean {
  if (node === undefined || node === null) return true
  const members = objectOf(node)
  return (
    members !== null && 'payload' in members && Object.keys(members).every((k) => k === 'payload' || k === 'schema')
  )
}

/** Null for what is no object, and for one with keys (`1`, `__proto__`) that neither records nor envelopes have. */
export function objectOf(node: JsonNode | undefined): { readonly [key: string]: JsonNode | undefined } | null {
  if (typeof node !== 'object' || node === null) return null
  if (Array.isArray(node) || node instanceof Map || node instanceof Fraction) return null
  return node as { readonly [key: string]: JsonNode | undefined }
}
