/**
 * Short UTF-8 texts out of one buffer, one after the other, as the consume stage asks for them. Most of what a short text
 * costs is the call that makes it of bytes. So where texts stand close together, many are made in one call, and each that
 * is ASCII is cut out, which takes half the time. Such a text keeps its window in memory: 16 KB that its neighbours share.
 */
import { utf8Text } from '../java/charset.ts'

const WINDOW = 16_384
/** Longer texts are as quick by themselves. */
const SHORT = 256
/** As far apart, in bytes, as values of records without headers and with a short key. */
const CLOSE = 64

type ReadText = (buffer: Buffer, start: number, end: number) => string

/** The buffer must not be written to afterwards. */
export function textWindow(): ReadText {
  const window = new Window()
  let last: Buffer | null = null
  let lastEnd = 0
  return (buffer, start, end) => {
    const gap = start - lastEnd
    lastEnd = end
    if (buffer !== last) {
      last = buffer
      window.to = 0
    } else if (gap >= 0 && gap <= CLOSE && end - start <= SHORT && end > start) {
      if (start < window.from || end > window.to) window.open(buffer, start)
      if (window.isAscii(start, end)) return window.text.slice(start - window.from, end - window.from)
    }
    return utf8Text(buffer, start, end)
  }
}

/** The highest bit of each byte. */
const HIGH = 0x80808080

class Window {
  from = 0
  to = 0
  /** As Latin-1. */
  text = ''
  #words: Int32Array = new Int32Array(0)
  /** Where the words start, which begin at a multiple of four. */
  #base = 0

  open(buffer: Buffer, at: number): void {
    const first = (buffer.byteOffset + at) & ~3
    this.from = at
    this.#base = first - buffer.byteOffset
    this.#words = new Int32Array(buffer.buffer, first, Math.min(WINDOW, buffer.buffer.byteLength - first) >> 2)
    this.to = Math.min(this.#base + 4 * this.#words.length, buffer.length)
    this.text = buffer.toString('latin1', at, this.to)
  }

  /** False also for what isn't all in the window. */
  isAscii(start: number, end: number): boolean {
    if (end > this.to) return false
    const words = this.#words
    const first = (start - this.#base) >> 2
    const last = (end - 1 - this.#base) >> 2
    const head = HIGH << (8 * ((start - this.#base) & 3))
    const tail = HIGH >>> (8 * (3 - ((end - 1 - this.#base) & 3)))
    if (first === last) return ((words[first] as number) & head & tail) === 0
    let bits = ((words[first] as number) & head) | ((words[last] as number) & tail)
    for (let i = first + 1; i < last; i++) bits |= (words[i] as number) & HIGH
    return bits === 0
  }
}
