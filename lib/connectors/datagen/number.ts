/** Numbers of an Avro node: drawn from a range, or counted by the iteration. */
import { ConfigError } from '../../connect/errors.ts'
import { integer } from '../../connect/value.ts'
import { type AvroNode, describe, type Json } from './avro.ts'
import type { Draw } from './draw.ts'

type DrawNumber = (draw: Draw) => number | bigint

const INT_RANGE = 2 ** 32

/** `range` of a number: `min` inclusive, `max` exclusive. Without one: any int or long, a fraction below 1. */
export function drawnNumber(node: AvroNode): DrawNumber {
  const whole = node.type === 'int' || node.type === 'long'
  const given = node.properties['range']
  if (given === undefined) {
    if (node.type === 'int') return (draw) => draw.word() | 0
    if (node.type === 'long')
      return (draw) => integer(BigInt.asIntN(64, (BigInt(draw.word()) << 32n) | BigInt(draw.word())))
    return node.type === 'float' ? (draw) => Math.fround(draw.unit()) : (draw) => draw.unit()
  }
  const edge =
    node.type === 'int'
      ? INT_RANGE / 2
      : node.type === 'long'
        ? 2 ** 63
        : node.type === 'float'
          ? 3.4e38
          : Number.MAX_VALUE
  const range = objectOf('range', given)
  const min = numberOf('range', 'min', range, whole) ?? -edge
  const max = numberOf('range', 'max', range, whole) ?? edge
  if (min >= max) throw new ConfigError("'min' field must be strictly less than 'max' field in range property")
  const span = max - min
  if (!whole) {
    if (node.type === 'float') return (draw) => Math.fround(min + draw.unit() * span)
    return Number.isFinite(span)
      ? (draw) => min + draw.unit() * span
      : (draw) => min + draw.unit() * max - draw.unit() * min
  }
  if (Number.isSafeInteger(min) && Number.isSafeInteger(max) && Number.isSafeInteger(span))
    return (draw) => min + draw.below(span)
  return (draw) => integer(BigInt(Math.trunc(min + draw.unit() * span)))
}

/**
 * `iteration` of a number: what the record of iteration n holds, as counting from `initial` (else `start`) by `step`
 * and around at `restart` gives it. Within arrays and maps every element of one record has the same number.
 */
export function countedNumber(node: AvroNode): (draw: Draw) => number {
  const whole = node.type !== 'float' && node.type !== 'double'
  const given = objectOf('iteration', node.properties['iteration'])
  const start = numberOf('iteration', 'start', given, whole)
  if (start === undefined) throw new ConfigError('iteration property must contain start field')
  const restart = numberOf('iteration', 'restart', given, whole)
  const step = numberOf('iteration', 'step', given, whole) ?? ((restart ?? start) < start ? -1 : 1)
  const initial = numberOf('iteration', 'initial', given, whole) ?? start
  if (step === 0) throw new ConfigError('step field of iteration property cannot be zero')
  if (restart === start) throw new ConfigError('start and restart fields of iteration property cannot be equal')
  if (restart !== undefined && restart > start !== step > 0)
    throw new ConfigError(`step field of iteration property leads away from restart field: ${describe(given)}`)
  const end =
    restart ??
    (node.type === 'int' || node.type === 'string' ? Math.sign(step) * (INT_RANGE / 2 - 1) : Number.POSITIVE_INFINITY)
  const modulus = Math.abs(end - start)
  const ahead = initial - start
  if (whole) {
    const sign = Math.sign(step)
    return (draw) => start + sign * (Math.abs(draw.iteration * step + ahead) % modulus)
  }
  const digits = Math.min(15, Math.max(...[start, step, initial].map(fractionDigits)))
  return (draw) => Number((start + ((draw.iteration * step + ahead) % modulus)).toFixed(digits))
}

export function objectOf(property: string, value: unknown): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${property} property must be an object, and is ${describe(value)}`)
  return value as Json
}

export function numberOf(property: string, field: string, json: Json, whole: boolean): number | undefined {
  const value = json[field]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || (whole && !Number.isInteger(value)))
    throw new ConfigError(
      `'${field}' field of ${property} property must be ${whole ? 'an integral' : 'a'} number, and is ${describe(value)}`,
    )
  return value
}

function fractionDigits(value: number): number {
  return (String(value).split('.')[1] ?? '').length
}
