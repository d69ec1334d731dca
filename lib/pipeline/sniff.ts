/** What bytes look like that a converter couldn't read: the first question of whoever has to mend it. */
import { isUtf8 } from 'node:buffer'
import { JsonError, type JsonNode, readWholeJson } from '../java/json-text.ts'

/** First bytes, in hexadecimal. */
const SIGNATURES: readonly (readonly [start: string, name: string])[] = [
  ['1f8b', 'gzip data'],
  ['28b52ffd', 'Zstandard data'],
  ['04224d18', 'LZ4 data'],
  ['82534e41505059', 'Snappy data'],
  ['504b0304', 'a ZIP file'],
  ['aced0005', 'Java-serialized'],
  ['4f626a01', 'an Avro file'],
  ['50415231', 'a Parquet file'],
]
/** Larger payloads are not parsed. */
const MAX_PARSED = 1024 * 1024

/** `plain text`, `JSON without the schema envelope`, ...: none of the content itself. */
export function sniff(payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  if (bytes.length === 0) return 'no bytes at all'
  const start = bytes.toString('hex', 0, 8)
  const known = SIGNATURES.find(([signature]) => start.startsWith(signature))
  if (known !== undefined) return known[1]
  return framed(bytes) ?? (isText(bytes) ? textForm(bytes) : binaryForm(bytes.length))
}

/** The wire format of schema registries: byte 0, the schema's id as a big-endian int, the data. */
function framed(bytes: Buffer): string | null {
  if (bytes[0] !== 0 || bytes.length < 5) return null
  const id = bytes.readInt32BE(1)
  if (id <= 0) return null
  const frame = `starts with magic byte 0 and schema id ${id}: written by a registry converter`
  return bytes.length === 8 ? `${frame}, or a long integer of 8 bytes` : frame
}

function isText(bytes: Buffer): boolean {
  // Control characters other than tab, line feed, form feed and carriage return aren't written in texts.
  return isUtf8(bytes) && !bytes.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13)
}

function textForm(bytes: Buffer): string {
  const first = bytes.toString('utf8', 0, 64).trimStart()
  const isBracketed = /^[{[]/.test(first)
  if (bytes.length > MAX_PARSED) return isBracketed ? 'text that begins like JSON' : 'plain text'
  try {
    return hasEnvelope(readWholeJson(bytes.toString('utf8')))
      ? 'JSON with the schema envelope'
      : 'JSON without the schema envelope'
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    if (first === '') return 'blank text'
    if (isBracketed) return `text that begins like JSON and is none: ${error.message}`
    return first.startsWith('<') ? 'XML or HTML' : 'plain text'
  }
}

function hasEnvelope(node: JsonNode): boolean {
  if (typeof node !== 'object' || node === null) return false
  const keys = Object.keys(node)
  return keys.length === 2 && keys.includes('schema') && keys.includes('payload')
}

function binaryForm(length: number): string {
  const number = { 2: 'a short integer', 4: 'an integer or a float', 8: 'a long integer or a double' }[length]
  return number === undefined ? 'binary data of no known form' : `${length} binary bytes, as of ${number}`
}
