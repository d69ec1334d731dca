/**
 * The lines of a file that may still grow. Reads a block ahead; a line counts only once its end (`\n`, `\r\n` or
 * `\r`) is there. Positions are bytes, right after the line's end.
 */
import type { FileHandle } from 'node:fs/promises'
import { afterLastLine, type LineScanner, lineScanner, type OnLine } from './line-scanner.ts'

/** 1 MiB: past it the time per byte no longer falls. */
const BLOCK_BYTES = 1 << 20

export class FileLines {
  readonly #handle: FileHandle
  /** Where the next read begins. */
  #readAt: number
  /** The bytes before `#readAt` that have no line end yet. */
  #rest: Buffer = Buffer.alloc(0)
  /** The first is read into, the second is being cut into lines. */
  readonly #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  #current: LineScanner | null = null
  #ahead: Promise<LineScanner | null> | null = null

  constructor(handle: FileHandle, position: number) {
    this.#handle = handle
    this.#readAt = position
  }

  /** How far the file is read; lines without an end yet are before it. */
  get readTo(): number {
    return this.#readAt
  }

  /** At most `limit` lines of what is there; none at the end of the file. */
  async read(limit: number, onLine: OnLine): Promise<void> {
    if (this.#current === null) {
      const ahead = this.#ahead
      this.#ahead = null
      // What was the end of the file when it was read ahead may no longer be.
      this.#current = (await ahead) ?? (await this.#readBlock())
      if (this.#current === null) return
      this.#ahead = this.#readBlock()
      // Its failure is that of the poll that awaits it.
      this.#ahead.catch(() => undefined)
    }
    if (!this.#current.read(limit, onLine)) this.#current = null
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined)
    await this.#handle.close()
  }

  /** The next whole lines; null at the end of the file. */
  async #readBlock(): Promise<LineScanner | null> {
    this.#buffers.reverse()
    for (;;) {
      const kept = this.#rest.length
      const buffer = this.#roomFor(kept)
      this.#rest.copy(buffer)
      this.#rest = buffer.subarray(0, kept)
      const { bytesRead } = await this.#handle.read(buffer, kept, buffer.length - kept, this.#readAt)
      if (bytesRead === 0) return null
      const data = buffer.subarray(0, kept + bytesRead)
      const start = this.#readAt - kept
      this.#readAt += bytesRead
      const end = afterLastLine(data)
      this.#rest = data.subarray(end)
      if (end > 0) return lineScanner(data.subarray(0, end), start)
    }
  }

  /** The buffer to read into. A line longer than a block is read in ever larger ones. */
  #roomFor(kept: number): Buffer {
    if (this.#buffers[0].length < kept + BLOCK_BYTES)
      this.#buffers[0] = Buffer.allocUnsafe(2 * Math.max(BLOCK_BYTES, kept))
    return this.#buffers[0]
  }
}
