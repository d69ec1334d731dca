/** Compiles an Avro node into a function that makes values: the annotations of Avro Random Generator, read once. */
import { ConfigError } from '../../connect/errors.ts'
import { DATE_NAME, DECIMAL_NAME } from '../../connect/logical.ts'
import { Decimal, Struct, type Value } from '../../connect/value.ts'
import { type AvroNode, avroValue, describe } from './avro.ts'
import type { Draw } from './draw.ts'
import { countedNumber, drawnNumber, numberOf, objectOf } from './number.ts'
import { type DrawText, textMatching } from './regex.ts'

export type Make = (draw: Draw) => Value

/** What a string, bytes, an array or a map has without a `length`: at least 8, fewer than 16. */
const DEFAULT_LENGTH = [8, 16] as const
/** How often a `regex` is drawn until it has the `length` that is given with it. */
const LENGTH_ATTEMPTS = 64
const ALPHANUMERIC = textMatching('[0-9A-Za-z]')

/** `ConfigError` for annotations that can't be followed. */
export function generator(node: AvroNode): Make {
  const make = required(node)
  return node.schema.optional ? (draw) => (draw.below(2) === 0 ? null : make(draw)) : make
}

function required(node: AvroNode): Make {
  if (node.properties['options'] !== undefined) return option(node)
  if (node.properties['iteration'] !== undefined) return iteration(node)
  switch (node.type) {
    case 'record':
      return record(node)
    case 'array': {
      const make = generator(node.inner as AvroNode)
      const length = lengthOf(node.properties['length'])
      return (draw) => Array.from({ length: length(draw) }, () => make(draw))
    }
    case 'map':
      return mapOf(node)
    case 'enum':
      return (draw) => node.symbols[draw.below(node.symbols.length)] as string
    case 'boolean': {
      const odds = numberOf('arg.properties', 'odds', node.properties, false) ?? 0.5
      return (draw) => draw.unit() < odds
    }
    case 'string':
      return text(node.properties)
    case 'bytes':
    case 'fixed':
      return node.schema.name === DECIMAL_NAME ? decimalOf(node) : bytes(node)
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return asTime(node, drawnNumber(node))
    default:
      return node.type satisfies never
  }
}

function record(node: AvroNode): Make {
  const { schema } = node
  const makes = node.fields.map(generator)
  const count = makes.length
  return (draw) => {
    const values: Value[] = new Array(count)
    for (let i = 0; i < count; i++) values[i] = (makes[i] as Make)(draw)
    return new Struct(schema, values)
  }
}

function option(node: AvroNode): Make {
  const given = node.properties['options']
  if (!Array.isArray(given) || given.length === 0)
    throw new ConfigError(`options property must be an array that isn't empty, and is ${describe(given)}`)
  const options = given.map((json) => {
    const value = avroValue(node.schema, json)
    if (node.type === 'enum' && !node.symbols.includes(value as string))
      throw new ConfigError(`Invalid option: ${describe(json)} is none of the symbols ${node.symbols.join(', ')}`)
    return value
  })
  return (draw) => options[draw.below(options.length)] as Value
}

function iteration(node: AvroNode): Make {
  switch (node.type) {
    case 'boolean': {
      const start = objectOf('iteration', node.properties['iteration'])['start'] === true
      return (draw) => (draw.iteration % 2 === 1) !== start
    }
    case 'string': {
      const count = countedNumber(node)
      const [prefix, suffix] = [affix(node.properties, 'prefix'), affix(node.properties, 'suffix')]
      return (draw) => `${prefix}${count(draw)}${suffix}`
    }
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return asTime(node, countedNumber(node))
    default:
      throw new ConfigError(
        `iteration property can only be specified on numeric, boolean or string schemas, not ${node.type} schema`,
      )
  }
}

/** Date, Time and Timestamp are drawn as their number, and are dates in memory. */
function asTime(node: AvroNode, make: (draw: Draw) => number | bigint): Make {
  if (node.schema.name === null) return make
  const unit = node.schema.name === DATE_NAME ? 86_400_000 : 1
  return (draw) => new Date(Number(make(draw)) * unit)
}

function text(properties: AvroNode['properties']): DrawText {
  const [prefix, suffix] = [affix(properties, 'prefix'), affix(properties, 'suffix')]
  const inner = innerText(properties)
  return prefix === '' && suffix === '' ? inner : (draw) => prefix + inner(draw) + suffix
}

function innerText(properties: AvroNode['properties']): DrawText {
  const regex = properties['regex']
  if (regex === undefined) {
    const length = lengthOf(properties['length'])
    return (draw) => {
      let text = ''
      for (let left = length(draw); left > 0; left--) text += ALPHANUMERIC(draw)
      return text
    }
  }
  if (typeof regex !== 'string') throw new ConfigError(`regex property must be a string, and is ${describe(regex)}`)
  const match = textMatching(regex)
  if (properties['length'] === undefined) return match
  const [min, max] = bounds(properties['length'])
  return (draw) => {
    let text = match(draw)
    for (let left = LENGTH_ATTEMPTS; left > 0 && (text.length < min || text.length >= max); left--) text = match(draw)
    return text
  }
}

function mapOf(node: AvroNode): Make {
  const make = generator(node.inner as AvroNode)
  const length = lengthOf(node.properties['length'])
  const given = node.properties['keys']
  const keys = given === undefined ? {} : objectOf('keys', given)
  const options = keys['options']
  const key = Array.isArray(options) ? (draw: Draw) => String(options[draw.below(options.length)]) : text(keys)
  return (draw) => {
    const map = new Map<Value, Value>()
    for (let left = length(draw); left > 0; left--) map.set(key(draw), make(draw))
    return map
  }
}

function bytes(node: AvroNode): Make {
  const length = node.type === 'fixed' ? () => node.size : lengthOf(node.properties['length'])
  return (draw) => Uint8Array.from({ length: length(draw) }, () => draw.word() & 0xff)
}

/** `range` is that of the decimal's value; without one, any value of the precision. */
function decimalOf(node: AvroNode): Make {
  const scale = Number(node.schema.parameters?.get('scale'))
  const precision = Number(node.schema.parameters?.get('connect.decimal.precision'))
  const given = node.properties['range']
  if (given !== undefined) {
    const range = objectOf('range', given)
    const edge = 10 ** (precision - scale)
    const min = numberOf('range', 'min', range, false) ?? -edge
    const max = numberOf('range', 'max', range, false) ?? edge
    if (min >= max) throw new ConfigError("'min' field must be strictly less than 'max' field in range property")
    return (draw) => new Decimal(BigInt(Math.floor((min + draw.unit() * (max - min)) * 10 ** scale)), scale)
  }
  return (draw) => {
    let digits = ''
    while (digits.length < precision) digits += String(draw.below(1_000_000_000)).padStart(9, '0')
    const unscaled = BigInt(digits.slice(0, precision))
    return new Decimal(draw.below(2) === 0 ? unscaled : -unscaled, scale)
  }
}

function lengthOf(given: unknown): (draw: Draw) => number {
  const [min, max] = bounds(given)
  return max === min + 1 ? () => min : (draw) => min + draw.below(max - min)
}

/** `length`: a number, or an object of `min` and an exclusive `max`. */
function bounds(given: unknown): readonly [min: number, max: number] {
  if (given === undefined) return DEFAULT_LENGTH
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return [given, given + 1]
  const length = objectOf('length', given)
  const min = numberOf('length', 'min', length, true) ?? 0
  const max = numberOf('length', 'max', length, true) ?? min + DEFAULT_LENGTH[1]
  if (min < 0 || max <= min)
    throw new ConfigError(`length property must be of 0 <= min < max, and is ${describe(given)}`)
  return [min, max]
}

function affix(properties: AvroNode['properties'], name: 'prefix' | 'suffix'): string {
  const value = properties[name] ?? ''
  if (typeof value !== 'string') throw new ConfigError(`${name} property must be a string, and is ${describe(value)}`)
  return value
}
