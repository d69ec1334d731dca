/** A file that lines are appended to while it is read: `k7 123`, a key and a number that counts up over all keys. */
import { appendFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 50
const AT_ONCE = 5
const KEYS = 20

export class Lines {
  readonly file: string
  count = 0
  bytes = 0
  #writing: Promise<void> | null = null
  #ended = false

  constructor(file: string) {
    this.file = file
  }

  async start(): Promise<void> {
    await writeFile(this.file, '')
    this.#writing = this.#write()
  }

  /** Resolves when the last line is in the file. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.#writing
  }

  async #write(): Promise<void> {
    while (!this.#ended) {
      const lines = Array.from({ length: AT_ONCE }, () => lineOf(this.count++))
      const text = `${lines.join('\n')}\n`
      await appendFile(this.file, text)
      this.bytes += text.length
      await sleep(EVERY_MS)
    }
  }
}

function lineOf(number: number): string {
  // A prime, so that keys don't come in the order of the partitions.
  return `k${(number * 7919) % KEYS} ${number}`
}

export function numberOf(line: string): number {
  return Number(line.slice(line.indexOf(' ') + 1))
}
