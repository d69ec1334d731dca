/**
 * Short UTF-8 texts out of one buffer, one after the other, as the consume stage asks for them. Most of what a short text
 * costs is the call that makes it of bytes, and what is asked of each text costs more where other work comes between. So
 * where texts stand close together, many are made and looked at in one call, and each that is ASCII is cut out. Such a
 * text keeps its window in memory: 16 KB that its neighbours share.
 */
const WINDOW = 16_384
/** As far apart, in bytes, as values of records without headers and with a short key. */
const CLOSE = 64
/** The highest bit of each byte. */
const HIGH = 0x80808080

export class TextWindow {
  /** Whether the window of the text that was cut last answers the check: what is around the text included, as Latin-1. */
  passed = false
  readonly #longest: number
  readonly #check: (window: string) => boolean
  #buffer: Buffer | null = null
  /** Where the last text that was asked for ends. */
  #last = 0
  #from = 0
  #to = 0
  /** As Latin-1. */
  #text = ''
  #words: Int32Array = new Int32Array(0)
  /** Where the words start, which begin at a multiple of four. */
  #base = 0

  /** `longest`: longer texts, in bytes, are as quick by themselves. */
  constructor(longest: number, check: (window: string) => boolean) {
    this.#longest = longest
    this.#check = check
  }

  /** Null where a text is better read by itself. The buffer must not be written to afterwards. */
  cut(buffer: Buffer, start: number, end: number): string | null {
    const gap = start - this.#last
    this.#last = end
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#to = 0
      return null
    }
    if (gap < 0 || gap > CLOSE || end - start > this.#longest || end === start) return null
    if (start < this.#from || end > this.#to) this.#open(buffer, start)
    return this.#isAscii(start, end) ? this.#text.slice(start - this.#from, end - this.#from) : null
  }

  #open(buffer: Buffer, at: number): void {
    const first = (buffer.byteOffset + at) & ~3
    this.#from = at
    this.#base = first - buffer.byteOffset
    this.#words = new Int32Array(buffer.buffer, first, Math.min(WINDOW, buffer.buffer.byteLength - first) >> 2)
    this.#to = Math.min(this.#base + 4 * this.#words.length, buffer.length)
    this.#text = buffer.toString('latin1', at, this.#to)
    this.passed = this.#check(this.#text)
  }

  /** False also for what isn't all in the window. */
  #isAscii(start: number, end: number): boolean {
    if (end > this.#to) return false
    const words = this.#words
    const from = start - this.#base
    const to = end - 1 - this.#base
    const last = to >> 2
    let i = from >> 2
    let bits = (words[i] as number) & (-1 << (8 * (from & 3)))
    const ours = HIGH >>> (8 * (3 - (to & 3)))
    if (i === last) return (bits & ours) === 0
    for (i++; i < last; i++) bits |= words[i] as number
    return ((bits & HIGH) | ((words[last] as number) & ours)) === 0
  }
}
