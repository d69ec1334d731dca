/** The operators of JSON Path conditions, with the meaning that Jayway's JsonPath gives them. */
import { Boxed, Decimal, type Value } from '../connect/value.ts'
import { decimalToDouble } from '../java/number-parse.ts'

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'nin'

/**
 * Undefined stands for what isn't there: it equals nothing, so only `!=` and `nin` hold. A number equals the text that
 * spells it; an order is between two numbers or two strings.
 */
export function compare(operator: Operator, left: Value | undefined, right: Value | undefined): boolean {
  switch (operator) {
    case '==':
      return equal(left, right)
    case '!=':
      return !equal(left, right)
    case '<':
      return order(left, right) === -1
    case '<=':
      return atMost(order(left, right), 0)
    case '>':
      return order(left, right) === 1
    case '>=':
      return atMost(order(right, left), 0)
    case 'in':
      return isIn(left, right)
    case 'nin':
      return !isIn(left, right)
    default:
      return operator satisfies never
  }
}

function atMost(found: number | undefined, limit: number): boolean {
  return found !== undefined && found <= limit
}

function isIn(left: Value | undefined, right: Value | undefined): boolean {
  return Array.isArray(right) && right.some((item: Value) => equal(left, item))
}

function equal(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return false
  if (left === right) return true
  const [a, b] = [numberOf(left), numberOf(right)]
  if (a !== undefined && typeof right === 'string') return sameNumber(a, spelled(right))
  if (b !== undefined && typeof left === 'string') return sameNumber(b, spelled(left))
  return sameNumber(a, b)
}

function sameNumber(a: number | bigint | undefined, b: number | bigint | undefined): boolean {
  return a !== undefined && b !== undefined && ordered(a, b) === 0
}

function order(left: Value | undefined, right: Value | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined
  if (typeof left === 'string' && typeof right === 'string') return ordered(left, right)
  const [a, b] = [numberOf(left), numberOf(right)]
  return a === undefined || b === undefined ? undefined : ordered(a, b)
}

/** Also of a number with a bigint. Undefined where NaN takes part. */
function ordered<T extends string | number | bigint>(a: T, b: T): number | undefined {
  if (a < b) return -1
  if (a > b) return 1
  return a <= b ? 0 : undefined
}

/** Dates count in epoch ms. */
function numberOf(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Boxed) return value.value
  if (value instanceof Decimal) return decimalToDouble(value)
  return value instanceof Date ? value.getTime() : undefined
}

function spelled(text: string): number | undefined {
  return text.trim() === '' ? undefined : Number(text)
}
