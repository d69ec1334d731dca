/** The lines of standard input, as they come. There are no positions to go on from. */
import type { Readable } from 'node:stream'

export class StdinLines {
  readonly #input: Readable
  readonly #lines: string[] = []
  #rest = ''
  #ended = false
  readonly #onData = (chunk: string) => this.#take(chunk)
  readonly #onEnd = () => {
    this.#ended = true
  }

  constructor(input: Readable) {
    this.#input = input
    input.setEncoding('utf8')
    input.on('data', this.#onData)
    input.on('end', this.#onEnd)
  }

  /** At most `limit` lines; `ended` once there can be no more. */
  read(limit: number): { readonly lines: readonly string[]; readonly ended: boolean } {
    const lines = this.#lines.splice(0, limit)
    if (this.#lines.length < MANY && this.#input.isPaused()) this.#input.resume()
    return { lines, ended: this.#ended && this.#lines.length === 0 }
  }

  close(): void {
    this.#input.off('data', this.#onData)
    this.#input.off('end', this.#onEnd)
    this.#input.pause()
  }

  #take(chunk: string): void {
    const text = this.#rest + chunk
    // A carriage return at the end may be half of a line end.
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#lines.push(line)
    if (this.#lines.length >= MANY) this.#input.pause()
  }
}

/** Lines held before the input is asked to wait. */
const MANY = 50_000
