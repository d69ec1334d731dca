/** Equality of answers as the cases mean it: numbers exactly, floats as floats, object keys in any order. */
import { Fraction, type JsonNode } from '../../lib/java/json-text.ts'

export function same(a: JsonNode | undefined, b: JsonNode | undefined, unordered = false): boolean {
  if (isNumber(a) || isNumber(b)) return isNumber(a) && isNumber(b) && sameNumber(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    if (a.every((item, i) => same(item, b[i], unordered))) return true
    return unordered && a.every((item) => b.some((other) => same(item, other, true)))
  }
  const left = entries(a)
  const right = entries(b)
  if (left.size !== right.size) return false
  return [...left].every(([key, item]) => right.has(key) && same(item, right.get(key), unordered))
}

function isNumber(node: JsonNode | undefined): node is number | bigint | Fraction {
  return typeof node === 'number' || typeof node === 'bigint' || node instanceof Fraction
}

function sameNumber(a: number | bigint | Fraction, b: number | bigint | Fraction): boolean {
  if (!(a instanceof Fraction) && !(b instanceof Fraction)) return BigInt(a) === BigInt(b)
  // An integer and a double are different things, except where the payload's schema tells.
  const [x, y] = [numberOf(a), numberOf(b)]
  return x === y || (Math.fround(x) === Math.fround(y) && isShort(a, x) && isShort(b, y))
}

/** A float's text, which has at most nine digits. */
function isShort(node: number | bigint | Fraction, value: number): boolean {
  const digits = (node instanceof Fraction ? node.text : String(value)).replace(/[eE].*$/, '').replace(/[-.]|^0+/g, '')
  return digits.replace(/0+$/, '').length <= 9
}

function numberOf(node: number | bigint | Fraction): number {
  return Number(node instanceof Fraction ? node.text : node)
}

function entries(node: object): ReadonlyMap<string, JsonNode> {
  return node instanceof Map ? node : new Map(Object.entries(node))
}
