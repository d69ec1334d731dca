/** How Java reads numbers: `Long.parseLong`, `Double.parseDouble`, `new BigDecimal(String)`. */
import { Decimal, integer } from '../connect/value.ts'

/** `java.lang.NumberFormatException`. */
export class NumberFormatError extends Error {
  override readonly name = 'NumberFormatError'
}

const RANGES = {
  int8: [-128n, 127n],
  int16: [-32768n, 32767n],
  int32: [-2147483648n, 2147483647n],
  int64: [-9223372036854775808n, 9223372036854775807n],
} as const

export type IntegerType = keyof typeof RANGES

/** `Byte.parseByte` to `Long.parseLong`: a sign and digits of any script, nothing else. */
export function parseInteger(text: string, type: IntegerType): number | bigint {
  const ascii = asciiDigits(text)
  if (!/^[+-]?[0-9]+$/.test(ascii)) throw new NumberFormatError(`For input string: "${text}"`)
  const value = BigInt(ascii[0] === '+' ? ascii.slice(1) : ascii)
  const [low, high] = RANGES[type]
  if (value < low || value > high) throw new NumberFormatError(`For input string: "${text}"`)
  return integer(value)
}

const DECIMAL = /^[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)$/
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)[fFdD]?$/

/** `Double.parseDouble`: blanks around, type suffixes and hexadecimal are allowed, other digits than ASCII are not. */
export function parseDouble(text: string): number {
  const trimmed = trim(text)
  if (DECIMAL.test(trimmed)) {
    const plain = /[fFdD]$/.test(trimmed) ? trimmed.slice(0, -1) : trimmed
    return Number(plain)
  }
  const hex = HEX.exec(trimmed)
  if (hex === null || (hex[2] === '' && hex[3] === '')) throw new NumberFormatError(`For input string: "${text}"`)
  const digits = BigInt(`0x${hex[2]}${hex[3]}`)
  const magnitude = hexValue(digits, Number(hex[4]) - 4 * (hex[3] as string).length)
  return hex[1] === '-' ? -magnitude : magnitude
}

function hexValue(digits: bigint, exponent: number): number {
  if (digits === 0n || exponent < -20_000) return 0
  if (exponent > 20_000) return Number.POSITIVE_INFINITY
  if (exponent >= 0) return Number(digits << BigInt(exponent))
  // As a decimal fraction it is exact, and V8 rounds it once.
  return Number(`${digits * 5n ** BigInt(-exponent)}e${exponent}`)
}

/** `Float.parseFloat`: rounded once from the text, not by way of a double. */
export function parseFloat32(text: string): number {
  const double = parseDouble(text)
  const trimmed = trim(text)
  if (!Number.isFinite(double) || HEX.test(trimmed)) return Math.fround(double)
  return floatOf(double, () => parseDecimal(trimmed.replace(/[fFdD]$/, '')))
}

/** The float32 nearest to an exact decimal, of which `double` is the nearest float64. */
function floatOf(double: number, exact: () => Decimal): number {
  const float = Math.fround(double)
  bits.setFloat64(0, double)
  if ((bits.getUint32(4) & 0x1fffffff) !== 0x10000000) return float
  // The double lies between two floats: what it lost decides.
  const side = compare(exact(), double)
  if (side === 0) return float
  const up = side > 0
  const other = Math.fround(
    up ? double * (1 + 2 ** -30 * Math.sign(double)) : double * (1 - 2 ** -30 * Math.sign(double)),
  )
  return up ? Math.max(float, other) : Math.min(float, other)
}

const bits = new DataView(new ArrayBuffer(8))

function compare(decimal: Decimal, double: number): number {
  bits.setFloat64(0, double)
  const raw = bits.getBigUint64(0)
  const exponent = Number((raw >> 52n) & 0x7ffn) - 1075
  let right = (raw & 0xfffffffffffffn) | 0x10000000000000n
  if (double < 0) right = -right
  let left = decimal.unscaled
  if (decimal.scale > 0) right *= 10n ** BigInt(decimal.scale)
  else left *= 10n ** BigInt(-decimal.scale)
  if (exponent >= 0) right <<= BigInt(exponent)
  else left <<= BigInt(-exponent)
  return left < right ? -1 : left > right ? 1 : 0
}

/** `new BigDecimal(text)`: digits of any script, no blanks. */
export function parseDecimal(text: string): Decimal {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,10}))?$/.exec(asciiDigits(text))
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  const exponent = Number(match?.[4] ?? 0)
  if (match === null || whole + fraction === '' || Math.abs(exponent) > 2147483647)
    throw new NumberFormatError(`Cannot read ${text} as a decimal`)
  const unscaled = BigInt(whole + fraction)
  return new Decimal(match[1] === '-' ? -unscaled : unscaled, fraction.length - exponent)
}

/** `BigDecimal.doubleValue`. */
export function decimalToDouble({ unscaled, scale }: Decimal): number {
  return Number(`${unscaled}e${-scale}`)
}

/** `BigDecimal.floatValue`. */
export function decimalToFloat(decimal: Decimal): number {
  const double = decimalToDouble(decimal)
  return Number.isFinite(double) && double !== 0 ? floatOf(double, () => decimal) : double
}

/** `BigDecimal.longValue`: the fraction is cut off, and of what is too big the low 64 bits are kept. */
export function decimalToLong({ unscaled, scale }: Decimal): number | bigint {
  if (scale <= -64) return 0
  if (scale > 0 && scale > unscaled.toString().length) return 0
  const whole = scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale)
  return integer(BigInt.asIntN(64, whole))
}

/** `(float) long`. */
export function longToFloat(value: number | bigint): number {
  return typeof value === 'number' ? Math.fround(value) : floatOf(Number(value), () => new Decimal(value, 0))
}

/** `String.trim`: everything up to U+0020 at both ends. */
export function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 32) start++
  while (end > start && text.charCodeAt(end - 1) <= 32) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** Digits of other scripts in the basic plane (`Character.digit`) as ASCII. */
export function asciiDigits(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII as a whole
  if (/^[\x00-\x7f]*$/.test(text)) return text
  return text.replace(/\p{Nd}/gu, (digit) => (digit.length === 1 ? String(digitValue(digit)) : digit))
}

/** The value of a decimal digit; scripts have theirs in runs of ten that begin at zero. */
function digitValue(digit: string): number {
  const code = digit.charCodeAt(0)
  if (code >= 48 && code <= 57) return code - 48
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCharCode(zero - 1))) zero--
  return code - zero
}
