/** Appends each value's text and a line end to a file, or writes them to standard output. */
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConnectError } from '../../connect/errors.ts'
import { type Failure, type SinkTask, sink } from '../../connect/plugin.ts'
import type { ConnectRecord } from '../../connect/record.ts'
import { aFile, string } from '../../connect/settings.ts'
import { javaString } from '../../java/to-string.ts'
import { LineBuffer } from './line-buffer.ts'

const SETTINGS = {
  file: string({
    doc: 'Destination filename. If not specified, the standard output will be used',
    importance: 'high',
    default: null,
    files: aFile,
  }),
} as const

export default sink<typeof SETTINGS>({
  class: 'org.apache.kafka.connect.file.FileStreamSinkConnector',
  version: '4.3.1',
  doc: "Writes each record's value as a line to a file, or to standard output.",
  settings: SETTINGS,
  taskClass: 'org.apache.kafka.connect.file.FileStreamSinkTask',
  start: async ({ file }) => (file === null || file === '' ? new StdoutTask() : new FileTask(file, await append(file))),
})

async function append(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a')
  } catch (error) {
    throw new ConnectError(`Couldn't find or create file '${file}' for FileStreamSinkTask: ${reason(file, error)}`, {
      cause: error,
    })
  }
}

function reason(file: string, error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return `the folder ${dirname(file)} doesn't exist. Create it, or change the setting "file"`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'writing to it is not permitted. Change its permissions, or the setting "file"'
    case 'EISDIR':
      return 'it is a folder. Change the setting "file" to the name of a file'
    default:
      return (error as Error).message
  }
}

/** How often what is written is sent to the disk beside the writing, in ms: a flush waits for the rest alone. */
const SYNC_MS = 500

const NO_FAILURES: readonly Failure[] = []

class FileTask implements SinkTask {
  readonly #file: string
  readonly #handle: FileHandle
  /** The first is filled while the second is being written. */
  readonly #buffers: [LineBuffer, LineBuffer] = [new LineBuffer(), new LineBuffer()]
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> = Promise.resolve()
  #syncAt = Date.now() + SYNC_MS

  constructor(file: string, handle: FileHandle) {
    this.#file = file
    this.#handle = handle
  }

  async put(records: readonly ConnectRecord[]): Promise<readonly Failure[]> {
    const [lines] = this.#buffers
    addAll(lines, records)
    try {
      await this.#writing
    } catch (error) {
      lines.take()
      throw error
    }
    this.#buffers.reverse()
    this.#writing = this.#write(lines.take())
    // Its failure is that of the next put or flush.
    this.#writing.catch(() => undefined)
    return NO_FAILURES
  }

  async flush(): Promise<'all'> {
    await this.#writing
    // The system tells once that it could not write.
    await this.#syncing
    await this.#handle.datasync()
    return 'all'
  }

  async stop(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#syncing.catch(() => undefined)
    await this.#handle.close()
  }

  #sync(): void {
    this.#syncAt = Number.POSITIVE_INFINITY
    this.#syncing = this.#syncing.then(async () => {
      await this.#handle.datasync()
      this.#syncAt = Date.now() + SYNC_MS
    })
    // Its failure is that of the next flush.
    this.#syncing.catch(() => undefined)
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.appendFile(bytes)
      if (Date.now() >= this.#syncAt) this.#sync()
    } catch (error) {
      throw new ConnectError(`Writing to ${this.#file} failed: ${(error as Error).message}`, { cause: error })
    }
  }
}

class StdoutTask implements SinkTask {
  readonly #lines = new LineBuffer()

  async put(records: readonly ConnectRecord[]): Promise<readonly Failure[]> {
    addAll(this.#lines, records)
    const bytes = this.#lines.take()
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
    return NO_FAILURES
  }

  async flush(): Promise<'all'> {
    return 'all'
  }

  async stop(): Promise<void> {}
}

function addAll(lines: LineBuffer, records: readonly ConnectRecord[]): void {
  for (const { value, valueSchema } of records)
    lines.add(typeof value === 'string' ? value : javaString(value, valueSchema))
}
