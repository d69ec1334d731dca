/** The `spec` of Cast: `field:type` pairs, or one type for all. */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { PrimitiveType } from '../connect/schema.ts'
import { trim } from '../java/number-parse.ts'

export type CastType = Exclude<PrimitiveType, 'bytes'>

export interface CastSpec {
  /** For the entire key or value. */
  readonly whole: CastType | null
  readonly fields: ReadonlyMap<string, CastType>
}

const TYPES: readonly CastType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string']
const UNSUPPORTED = ['bytes', 'array', 'map', 'struct']

/** Throws `ConfigError`. */
export function parseSpec(mappings: readonly string[]): CastSpec {
  const fields = new Map<string, CastType>()
  let whole: CastType | null = null
  for (const mapping of mappings) {
    const parts = splitPair(mapping)
    if (parts.length > 2) throw ConfigError.invalid('renames', mappings, `Invalid rename mapping: ${mapping}`)
    if (parts.length === 0)
      throw new ConnectError('Index 1 out of bounds for length 0', {
        kind: 'config',
        javaClass: 'java.lang.ArrayIndexOutOfBoundsException',
      })
    const [name, type] = parts as [string, string | undefined]
    if (type === undefined) whole = typeOf(name)
    else fields.set(trim(name), typeOf(type))
  }
  if (whole !== null && mappings.length > 1)
    throw new ConfigError(
      'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec',
    )
  return { whole, fields }
}

/** `String.split(":")`: empty parts at the end don't count. */
export function splitPair(mapping: string): string[] {
  if (mapping === '') return ['']
  const parts = mapping.split(':')
  while (parts.at(-1) === '') parts.pop()
  return parts
}

function typeOf(text: string): CastType {
  const name = trim(text)
  const type = name.toLowerCase()
  if (TYPES.includes(type as CastType)) return type as CastType
  const upper = name.toUpperCase()
  if (UNSUPPORTED.includes(type))
    throw new ConfigError(
      `Cast transformation does not support casting to ${upper}; supported types are [${TYPES.join(', ').toUpperCase()}]`,
    )
  throw ConfigError.invalid(
    `Invalid type found in casting spec: ${name}`,
    `java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type.${upper}`,
  )
}
