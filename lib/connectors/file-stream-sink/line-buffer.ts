import { writeUtf8 } from '../../connect/utf8.ts'

/** Lines as UTF-8 in a buffer that is used again. Encoding each line in place takes a third of joining them first. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafe(1 << 20)
  #length = 0

  add(line: string): void {
    // A UTF-16 unit takes at most three bytes.
    const most = this.#length + line.length * 3 + 1
    if (most > this.#bytes.length) this.#grow(most)
    this.#length += writeUtf8(this.#bytes, line, this.#length)
    this.#bytes[this.#length++] = 10
  }

  /** What was added since the last time; valid until the next `add`. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }

  #grow(most: number): void {
    const larger = Buffer.allocUnsafe(most * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
