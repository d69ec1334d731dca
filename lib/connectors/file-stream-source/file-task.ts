/** The task that reads one file. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { ConnectError } from '../../connect/errors.ts'
import type { Polled, SourceContext, SourceTask } from '../../connect/plugin.ts'
import { ConnectRecord, NO_HEADERS, type Position } from '../../connect/record.ts'
import { STRING } from '../../connect/schema.ts'
import { FileLines } from './file-lines.ts'

/** How soon a file that had no more lines is worth another look. */
const IDLE_MS = 500

const NO_FILE = 'no file'

/** Which file it was, and how many bytes of it are known. */
function markOf(inode: number, bytes: number): string {
  return `${inode}:${bytes}`
}

/** Whether the file is another one, longer or shorter than the mark says. */
export async function hasChanged(file: string, mark: string): Promise<boolean> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return mark !== (found === null ? NO_FILE : markOf(found.ino, found.size))
}

export class FileTask implements SourceTask {
  readonly #file: string
  readonly #topic: string
  readonly #batchSize: number
  readonly #context: SourceContext
  readonly #partition: Position
  #lines: FileLines | null = null
  #inode = 0
  /** Where to go on after the file was opened anew. */
  #position: number

  constructor(file: string, topic: string, batchSize: number, context: SourceContext) {
    this.#file = file
    this.#topic = topic
    this.#batchSize = batchSize
    this.#context = context
    this.#partition = { filename: file }
    this.#position = storedPosition(context, this.#partition)
  }

  async poll(limit: number): Promise<Polled> {
    try {
      this.#lines ??= await this.#open()
      if (this.#lines === null)
        return { records: [], idleMs: IDLE_MS, mark: NO_FILE, note: `waiting for ${this.#file} to exist` }
      const records = await this.#read(this.#lines, Math.min(limit, this.#batchSize))
      return records.length > 0 ? { records } : await this.#idle(this.#lines)
    } catch (error) {
      if (error instanceof ConnectError) throw error
      throw new ConnectError(`${this.#file} can't be read: ${(error as Error).message}`, { cause: error })
    }
  }

  async stop(): Promise<void> {
    const lines = this.#lines
    this.#lines = null
    await lines?.close()
  }

  async #read(lines: FileLines, limit: number): Promise<ConnectRecord[]> {
    const records: ConnectRecord[] = []
    const topic = this.#topic
    const partition = this.#partition
    const now = Date.now()
    await lines.read(limit, (text, position) => {
      const origin = { kind: 'source', partition, offset: { position } } as const
      records.push(new ConnectRecord(topic, null, null, null, STRING, text, now, NO_HEADERS, origin))
    })
    const last = records.at(-1)?.origin
    if (last?.kind === 'source') this.#position = last.offset['position'] as number
    return records
  }

  /** Null where there is no such file. */
  async #open(): Promise<FileLines | null> {
    let handle: FileHandle
    try {
      handle = await open(this.#file, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    const found = await handle.stat()
    if (found.isDirectory()) {
      await handle.close()
      throw new ConnectError(`${this.#file} is a folder: the setting "file" has to name a file`)
    }
    this.#inode = found.ino
    return new FileLines(handle, this.#position)
  }

  /** At the end of the file: is it still the file that was read, and as long? */
  async #idle(lines: FileLines): Promise<Polled> {
    const found = await stat(this.#file).catch(() => null)
    const idle = { records: [], idleMs: IDLE_MS }
    if (found === null)
      return { ...idle, mark: NO_FILE, note: `${this.#file} is gone; waiting for it at position ${this.#position}` }
    const known = found.ino === this.#inode ? lines.readTo : this.#position
    if (found.ino !== this.#inode) {
      this.#context.log.warn(`${this.#file} was replaced by another file; going on in it at position ${this.#position}`)
      this.#lines = null
      await lines.close()
    }
    if (found.size >= this.#position) return { ...idle, mark: markOf(found.ino, known) }
    return {
      ...idle,
      mark: markOf(found.ino, found.size),
      note: `${this.#file} has ${found.size} bytes, fewer than the ${this.#position} already read: it was truncated or replaced. Reset the connector's offsets to read it from its start`,
    }
  }
}

function storedPosition(context: SourceContext, partition: Position): number {
  const position = context.offsets.get(partition)?.['position'] ?? 0
  if (typeof position !== 'number' || !Number.isSafeInteger(position))
    throw new ConnectError('Offset position is the incorrect type')
  return position
}
