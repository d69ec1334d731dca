/** Cuts whole lines out of a block of bytes. */
import { isAscii } from 'node:buffer'

/** `position` is that of the byte after the line's end. */
export type OnLine = (text: string, position: number) => void

export interface LineScanner {
  /** At most `limit` lines; false once there is none left. */
  read(limit: number, onLine: OnLine): boolean
}

const LF = 10
const CR = 13
/** Below V8's limit for large objects, so that strings cut out of a piece keep little alive. */
const PIECE_BYTES = 1 << 16

/** `bytes` ends with a line's end; `start` is the position of its first byte. */
export function lineScanner(bytes: Buffer, start: number): LineScanner {
  return isAscii(bytes) ? new TextScanner(bytes, start) : new ByteScanner(bytes, start)
}

/** After the last line end that is sure: a `\r` as the last byte may be half of a `\r\n`. */
export function afterLastLine(data: Buffer): number {
  const lf = data.lastIndexOf(LF) + 1
  const cr = data.length > 1 ? data.lastIndexOf(CR, data.length - 2) + 1 : 0
  return Math.max(lf, cr)
}

/** ASCII: a string for each piece, and the lines are parts of it. A string from bytes for each line takes 5 times as long. */
class TextScanner implements LineScanner {
  readonly #bytes: Buffer
  readonly #start: number
  /** Where the piece ends in the block. */
  #pieceEnd = 0
  #text = ''
  #from = 0
  #nextCr = -1

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes
    this.#start = start
  }

  read(limit: number, onLine: OnLine): boolean {
    for (let n = 0; n < limit; ) {
      if (this.#from === this.#text.length && !this.#nextPiece()) return false
      n += this.#readPiece(limit - n, onLine)
    }
    return this.#from < this.#text.length || this.#pieceEnd < this.#bytes.length
  }

  #readPiece(limit: number, onLine: OnLine): number {
    const text = this.#text
    const start = this.#start + this.#pieceEnd - text.length
    let from = this.#from
    let n = 0
    for (; n < limit && from < text.length; n++) {
      let end = text.indexOf('\n', from)
      let next = end + 1
      if (this.#nextCr >= 0 && (this.#nextCr < end || end < 0)) {
        end = this.#nextCr
        next = text.charCodeAt(end + 1) === LF ? end + 2 : end + 1
        this.#nextCr = text.indexOf('\r', next)
      }
      onLine(text.slice(from, end), start + next)
      from = next
    }
    this.#from = from
    return n
  }

  /** The next piece of whole lines; longer where a single line is. */
  #nextPiece(): boolean {
    const from = this.#pieceEnd
    if (from === this.#bytes.length) return false
    let to = Math.min(from + PIECE_BYTES, this.#bytes.length)
    if (to < this.#bytes.length) {
      to = from + afterLastLine(this.#bytes.subarray(from, to))
      if (to === from) to = this.#bytes.length
    }
    this.#pieceEnd = to
    this.#text = this.#bytes.toString('latin1', from, to)
    this.#from = 0
    this.#nextCr = this.#text.indexOf('\r')
    return true
  }
}

/** UTF-8: positions are bytes, so each line is decoded by itself. */
class ByteScanner implements LineScanner {
  readonly #bytes: Buffer
  readonly #start: number
  #from = 0
  #nextCr: number

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes
    this.#start = start
    this.#nextCr = bytes.indexOf(CR)
  }

  read(limit: number, onLine: OnLine): boolean {
    const bytes = this.#bytes
    for (let n = 0; n < limit && this.#from < bytes.length; n++) {
      let end = bytes.indexOf(LF, this.#from)
      let next = end + 1
      if (this.#nextCr >= 0 && (this.#nextCr < end || end < 0)) {
        end = this.#nextCr
        next = bytes[end + 1] === LF ? end + 2 : end + 1
        this.#nextCr = bytes.indexOf(CR, next)
      }
      onLine(bytes.toString('utf8', this.#from, end), this.#start + next)
      this.#from = next
    }
    return this.#from < bytes.length
  }
}
