import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decimal } from '../../../lib/connect/value.ts'
import { decimalToFloat, parseDecimal, parseDouble, parseFloat32 } from '../../../lib/java/number-parse.ts'
import { decimalText, doubleText, floatText } from '../../../lib/java/number-text.ts'

describe('JDK 17 writes', () => {
  test.each([
    [1, '1.0'],
    [1e7, '1.0E7'],
    [9999999, '9999999.0'],
    [0.001, '0.001'],
    [1e-4, '1.0E-4'],
    [-0, '-0.0'],
    [5e-324, '4.9E-324'],
    [2e23, '1.9999999999999998E23'],
    [2 ** 60, '1.15292150460684698E18'],
    [8.41e21, '8.409999999999999E21'],
    [Number('3.0917847662113995e25'), '3.0917847662113995E25'],
    [Number.MAX_VALUE, '1.7976931348623157E308'],
    [Number.NaN, 'NaN'],
  ])('the double %d as %s', (value, text) => {
    expect(doubleText(value)).toBe(text)
  })

  test.each([
    [0.1, '0.1'],
    [2147483648, '2.14748365E9'],
    [1.17549435e-38, '1.17549435E-38'],
    [16777216, '1.6777216E7'],
  ])('the float %d as %s', (value, text) => {
    expect(floatText(Math.fround(value))).toBe(text)
  })

  test.each([
    [1n, -3, '1E+3'],
    [12345n, 2, '123.45'],
    [-5n, 10, '-5E-10'],
    [0n, 3, '0.000'],
    [123n, -1, '1.23E+3'],
  ])('the decimal %d with scale %d as %s', (unscaled, scale, text) => {
    expect(decimalText(new Decimal(unscaled, scale))).toBe(text)
    expect(parseDecimal(text)).toEqual(new Decimal(unscaled, scale))
  })
})

test('what is written is read as the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      expect(parseDouble(doubleText(value))).toBe(value)
    }),
  )
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      expect(parseFloat32(floatText(value))).toBe(value)
    }),
  )
})

test('a float is rounded once, from the text', () => {
  // The nearest double lies half way between two floats, and the text a little above it.
  expect(parseFloat32('1.00000005960464477540')).toBe(1.0000001192092896)
  expect(decimalToFloat(parseDecimal('1.00000005960464477539'))).toBe(1)
})
