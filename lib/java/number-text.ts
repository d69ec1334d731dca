/**
 * The texts of Java's numbers as JDK 17 writes them: `Double.toString`, `Float.toString`, `BigDecimal.toString`.
 * JDK 19 made the floating point ones the shortest; before, some had a digit more, and those are kept here.
 */
import type { Decimal } from '../connect/value.ts'

const DOUBLE = { mantissaBits: 52, bias: 1023, significantBits: 53 }
const FLOAT = { mantissaBits: 23, bias: 127, significantBits: 24 }

const view = new DataView(new ArrayBuffer(8))

export function doubleText(value: number): string {
  const special = specialText(value)
  if (special !== null) return special
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    // JavaScript and Java lay these out alike, and up to 15 digits the digits are the same too.
    const text = String(value)
    if (text.length <= 16) return text.includes('.') ? text : `${text}.0`
  }
  const sign = value < 0 ? '-' : ''
  // Below 2^53 and up to 15 digits the shortest text is also the JDK's, and V8 has it in 0.1 µs.
  const digits = magnitude.toExponential()
  const e = digits.indexOf('e')
  if (e <= 16 && magnitude < 2 ** 53 && magnitude > 1e-6)
    return sign + layout(digits[0] + digits.slice(2, e), Number(digits.slice(e + 1)) + 1)
  view.setFloat64(0, magnitude)
  return sign + exactText(view.getBigUint64(0), DOUBLE)
}

/** `value` is a float32 in a number. */
export function floatText(value: number): string {
  const special = specialText(value)
  if (special !== null) return special
  const magnitude = Math.abs(value)
  const sign = value < 0 ? '-' : ''
  const short = magnitude.toPrecision(6)
  if (magnitude > 1e-6 && magnitude < 2 ** 24 && Math.fround(Number(short)) === magnitude) {
    const digits = Number(short).toExponential()
    const e = digits.indexOf('e')
    return sign + layout(digits[0] + digits.slice(2, e), Number(digits.slice(e + 1)) + 1)
  }
  view.setFloat32(0, magnitude)
  return sign + exactText(BigInt(view.getUint32(0)), FLOAT)
}

function specialText(value: number): string | null {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (Number.isFinite(value)) return null
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'Infinity' : '-Infinity'
}

/** `digits` as 0.d1d2d3 * 10^exponent, laid out as Java does: plain from 10^-3 to 10^7, else with an exponent. */
function layout(digits: string, exponent: number): string {
  if (exponent > 0 && exponent < 8) {
    if (digits.length <= exponent) return `${digits.padEnd(exponent, '0')}.0`
    return `${digits.slice(0, exponent)}.${digits.slice(exponent)}`
  }
  if (exponent <= 0 && exponent > -3) return `0.${'0'.repeat(-exponent)}${digits}`
  return `${digits[0]}.${digits.length > 1 ? digits.slice(1) : '0'}E${exponent - 1}`
}

/** Digit by digit until what is left is within half a unit in the last place: how the JDK did it up to 18. */
function exactText(bits: bigint, format: typeof DOUBLE): string {
  let fraction = bits & ((1n << BigInt(format.mantissaBits)) - 1n)
  let exponent = Number(bits >> BigInt(format.mantissaBits))
  let significantBits = format.significantBits
  if (exponent === 0) {
    const length = fraction.toString(2).length
    fraction <<= BigInt(format.mantissaBits + 1 - length)
    exponent = 1 - (format.mantissaBits + 1 - length)
    significantBits = length
  } else {
    fraction |= 1n << BigInt(format.mantissaBits)
  }
  const binary = exponent - format.bias
  // value = fraction * 2^(binary - mantissaBits)
  let zeros = 0
  while (((fraction >> BigInt(zeros)) & 1n) === 0n) zeros++
  const fractionBits = format.mantissaBits + 1 - zeros
  const tinyBits = Math.max(0, fractionBits - binary - 1)
  if (tinyBits === 0 && binary >= 0 && binary <= 62) return integralText(fraction, binary, format, significantBits)

  const mantissa = Number(fraction) / 2 ** format.mantissaBits
  let decimal = Math.floor((mantissa - 1.5) * 0.289529654 + 0.176091259 + binary * 0.301029995663981)
  const fives = Math.max(0, -decimal)
  const tens5 = Math.max(0, decimal)
  let b2 = fives + tinyBits + binary
  let s2 = tens5 + tinyBits
  let m2 = b2 - significantBits
  b2 -= fractionBits - 1
  const common = Math.min(b2, s2)
  b2 -= common
  s2 -= common
  m2 -= common
  // A power of two is nearer to its lower neighbour.
  if (fractionBits === 1) m2--
  if (m2 < 0) {
    b2 -= m2
    s2 -= m2
    m2 = 0
  }
  // The JDK computes in 64 bits where these fit, and there lets one sum overflow.
  const narrow = fractionBits + b2 + fiveBits(fives) < 64 && s2 + 1 + fiveBits(tens5 + 1) < 64
  let b = ((fraction >> BigInt(zeros)) * 5n ** BigInt(fives)) << BigInt(b2)
  let m = (5n ** BigInt(fives)) << BigInt(m2)
  const s = (5n ** BigInt(tens5)) << BigInt(s2)
  const tens = s * 10n
  const digits: number[] = []
  let low = false
  let high = false
  const step = () => {
    digits.push(Number(b / s))
    b = (b % s) * 10n
    m *= 10n
    low = b < m
    high = (narrow && BigInt.asIntN(64, m) > 0n ? BigInt.asIntN(64, b + m) : b + m) > tens
  }
  step()
  if (digits[0] === 0 && !high) {
    digits.pop()
    decimal--
  }
  if (decimal < -3 || decimal >= 8) low = high = false
  while (!low && !high) step()
  if (high && (!low || b * 2n > tens || (b * 2n === tens && (digits.at(-1) as number) % 2 === 1)))
    if (roundUp(digits)) decimal++
  return layout(digits.join('').replace(/0+$/, '') || '0', decimal + 1)
}

/** The bits of 5^n, as the JDK's table has them: an estimate from 27 on. */
function fiveBits(n: number): number {
  if (n === 0) return 0
  return n < 27 ? (5n ** BigInt(n)).toString(2).length : n * 3
}

function integralText(fraction: bigint, binary: number, format: typeof DOUBLE, significantBits: number): string {
  const shift = binary - format.mantissaBits
  let value = shift >= 0 ? fraction << BigInt(shift) : fraction >> BigInt(-shift)
  let dropped = 0
  if (binary > significantBits) {
    // Digits below half the distance to the next value mean nothing: floor(log10(2^n)) of them.
    dropped = (1n << BigInt(binary - significantBits - 1)).toString().length - 1
    if (dropped > 0) {
      const unit = 10n ** BigInt(dropped)
      const rest = value % unit
      value /= unit
      if (rest >= unit / 2n) value += 1n
    }
  }
  const text = value.toString()
  return layout(text.replace(/0+$/, ''), text.length + dropped)
}

/** True where the number of digits before the point grew: 99 to 10. */
function roundUp(digits: number[]): boolean {
  let i = digits.length - 1
  while (i >= 0 && digits[i] === 9) digits[i--] = 0
  if (i >= 0) {
    digits[i] = (digits[i] as number) + 1
    return false
  }
  digits[0] = 1
  return true
}

/** `BigDecimal.toString`: plain where the scale allows it, else with an exponent (`1E+3`). */
export function decimalText({ unscaled, scale }: Decimal): string {
  if (scale === 0) return unscaled.toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString()
  const sign = negative ? '-' : ''
  const adjusted = -scale + (digits.length - 1)
  if (scale > 0 && adjusted >= -6) {
    const padded = digits.padStart(scale + 1, '0')
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits
  return adjusted === 0 ? sign + mantissa : `${sign}${mantissa}E${adjusted > 0 ? '+' : ''}${adjusted}`
}
