/** What MaskField puts in a value's place, by the value's Java class. */
import { DataError } from '../connect/errors.ts'
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { decimalToDouble, decimalToLong, NumberFormatError, parseDecimal } from '../java/number-parse.ts'

type Mask = (value: Value, schema: Schema | null) => Value

/** Masks with the replacement, or with null values where there is none. Throws `DataError`. */
export function masker(replacement: string | null): Mask {
  const mask = replacement === null ? nullValue : (type: string) => replaced(type, replacement)
  // A replacement is the same for all values of a class, so it is read once.
  const known = new Map<string, Value>()
  return (value, schema) => {
    if (value === null) return null
    const type = className(value, schema)
    let result = known.get(type)
    if (result === undefined) {
      result = mask(type)
      known.set(type, result)
    }
    return schema === null || value instanceof Boxed ? result : unboxed(result)
  }
}

function unboxed(value: Value): Value {
  return value instanceof Boxed && value.type !== 'biginteger' ? value.value : value
}

function nullValue(type: string): Value {
  switch (type) {
    case 'java.lang.Boolean':
      return false
    case 'java.lang.Byte':
      return new Boxed('int8', 0)
    case 'java.lang.Short':
      return new Boxed('int16', 0)
    case 'java.lang.Integer':
      return new Boxed('int32', 0)
    case 'java.lang.Long':
      return 0
    case 'java.lang.Float':
      return new Boxed('float32', 0)
    case 'java.lang.Double':
      return new Boxed('float64', 0)
    case 'java.math.BigInteger':
      return new Boxed('biginteger', 0n)
    case 'java.math.BigDecimal':
      return new Decimal(0n, 0)
    case 'java.util.Date':
      return new Date(0)
    case 'java.lang.String':
      return ''
    case 'java.util.ArrayList':
      return []
    case 'java.util.HashMap':
    case 'java.util.LinkedHashMap':
      return {}
    default:
      throw new DataError(`Cannot mask value of type: class ${type}`)
  }
}

function replaced(type: string, replacement: string): Value {
  switch (type) {
    case 'java.lang.Byte':
      return new Boxed('int8', Number(BigInt.asIntN(8, BigInt(long(replacement)))))
    case 'java.lang.Short':
      return new Boxed('int16', Number(BigInt.asIntN(16, BigInt(long(replacement)))))
    case 'java.lang.Integer':
      return new Boxed('int32', Number(BigInt.asIntN(32, BigInt(long(replacement)))))
    case 'java.lang.Long':
      return long(replacement)
    case 'java.lang.Float':
      return new Boxed('float32', Math.fround(double(replacement)))
    case 'java.lang.Double':
      return new Boxed('float64', double(replacement))
    case 'java.lang.String':
      return replacement
    case 'java.math.BigDecimal':
      return number(replacement, () => parseDecimal(replacement))
    case 'java.math.BigInteger':
      return number(replacement, () => new Boxed('biginteger', bigInteger(replacement)))
    default:
      throw new DataError(`Cannot mask value of type class ${type} with custom replacement.`)
  }
}

/** `Values.convertToLong` of a string. */
function long(text: string): number | bigint {
  return decimal(text, decimalToLong)
}

function double(text: string): number {
  return decimal(text, decimalToDouble)
}

function decimal<T>(text: string, convert: (decimal: Decimal) => T): T {
  try {
    return convert(parseDecimal(text))
  } catch (error) {
    if (!(error instanceof NumberFormatError)) throw error
    throw new DataError(`Unable to convert ${text} (class java.lang.String) to a number`, error)
  }
}

function number<T>(text: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof NumberFormatError)) throw error
    throw new DataError(`Unable to convert ${text} (class java.lang.String) to number`, error)
  }
}

function bigInteger(text: string): bigint {
  const { unscaled, scale } = parseDecimal(text)
  if (scale !== 0 || /[.eE]/.test(text)) throw new NumberFormatError(`For input string: "${text}"`)
  return unscaled
}
