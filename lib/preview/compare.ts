/** Equality of answers as the cases mean it: numbers exactly, floats as floats, object keys in any order. */
import { jsonText } from '../converters/record-text.ts'
import { Fraction, type JsonNode } from '../java/json-text.ts'

/** As `difference`, place by place: `value.payload.id: expected 1, got 2`. Empty where the answers agree. */
export function differences(expected: JsonNode, got: JsonNode): readonly string[] {
  const [wanted, found] = [errorOf(expected), errorOf(got)]
  if (wanted === undefined && found === undefined) {
    const [left, right] = [recordsOf(expected), recordsOf(got)]
    if (left.length === 1 && right.length === 1) return unlike(left[0], right[0], 'record')
    return unlike(left, right, 'records')
  }
  if (difference(expected, got) === undefined) return []
  if (wanted === undefined || found === undefined) return [`expected ${shown(expected)}`, `got ${shown(got)}`]
  return ['class', 'message', 'stage'].flatMap((key) => unlike(wanted[key], found[key], `error.${key}`))
}

/** A record is one of itself, and null is none. */
function recordsOf(answer: JsonNode): readonly JsonNode[] {
  const { record = null, records } = answer as Members
  if (Array.isArray(records)) return records
  return record === null ? [] : [record]
}

/** Where two values differ: as deep down as both go on being objects, or arrays of one length. */
function unlike(expected: JsonNode | undefined, got: JsonNode | undefined, at: string): string[] {
  if (same(expected, got)) return []
  const whole = [`${at}: expected ${shown(expected)}, got ${shown(got)}`]
  if (!isBranch(expected) || !isBranch(got)) return whole
  if (Array.isArray(expected) && Array.isArray(got))
    return expected.length === got.length
      ? expected.flatMap((item: JsonNode, i) => unlike(item, got[i], `${at}[${i}]`))
      : whole
  if (Array.isArray(expected) || Array.isArray(got)) return whole
  const [left, right] = [entries(expected), entries(got)]
  const keys = new Set([...left.keys(), ...right.keys()])
  return [...keys].flatMap((key) => unlike(left.get(key), right.get(key), `${at}.${key}`))
}

function isBranch(node: JsonNode | undefined): node is Extract<JsonNode, object> {
  return typeof node === 'object' && node !== null && !(node instanceof Fraction)
}

function shown(node: JsonNode | undefined): string {
  return node === undefined ? 'nothing' : jsonText(node)
}

type Members = { readonly [key: string]: JsonNode | undefined }

/** Why an answer isn't the expected one; undefined where it is. Of errors `class`, `message` and `stage` count. */
export function difference(expected: JsonNode, got: JsonNode, unordered = false): string | undefined {
  const [wanted, found] = [errorOf(expected), errorOf(got)]
  if (wanted !== undefined) return errorDifference(wanted, found)
  return same(expected, got, unordered) ? undefined : 'the answers differ'
}

function errorOf(answer: JsonNode): Members | undefined {
  return (answer as Members | null)?.['error'] as Members | undefined
}

function errorDifference(expected: Members, got: Members | undefined): string | undefined {
  if (got === undefined) return 'an error was expected'
  if (got['class'] !== expected['class'] || got['stage'] !== expected['stage']) return 'another error was expected'
  if (expected['messageLoose'] === true || /@(?:<hash>|[0-9a-f]{4,8})$/.test(String(expected['message'])))
    return undefined
  return got['message'] === expected['message'] ? undefined : 'the messages differ'
}

/** JSON equality; unordered: arrays as sets. */
function same(a: JsonNode | undefined, b: JsonNode | undefined, unordered = false): boolean {
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
