/** Standalone's `offset.storage.file.filename`: the source offsets of all connectors as JSON, written atomically. */
import { open, readFile, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from '../connect/errors.ts'
import type { SourceOffsets } from '../connect/plugin.ts'
import { isJsonObject, type Json, jsonText, tryParseJson } from './json-text.ts'
import { KnownOffsets } from './known-offsets.ts'
import type { AlteredOffset } from './source-offsets.ts'

export interface FileOffsets {
  /** A connector's offsets, as they are at each call. */
  of(connector: string): SourceOffsets
  /** Durable in the file when it resolves. Changes made at the same time share a write. */
  save(connector: string, offsets: readonly AlteredOffset[]): Promise<void>
}

/** A file that isn't there is empty. `ConfigError` for one of another form, a JVM worker's for example. */
export async function openFileOffsets(file: string): Promise<FileOffsets> {
  const offsets = new JsonFileOffsets(file)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new ConfigError(`The file of offset.storage.file.filename, ${file}, can't be read: ${error.message}`, error)
  })
  if (text !== null && text !== '') offsets.load(text)
  return offsets
}

class JsonFileOffsets implements FileOffsets {
  readonly #file: string
  readonly #connectors = new Map<string, KnownOffsets>()
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  constructor(file: string) {
    this.#file = file
  }

  load(text: string): void {
    const root = tryParseJson(text)
    const list = isJsonObject(root) ? root['offsets'] : undefined
    if (!Array.isArray(list)) throw this.#foreign()
    for (const entry of list as readonly Json[]) {
      const { connector, partition, offset } = isJsonObject(entry) ? entry : {}
      if (typeof connector !== 'string' || !isJsonObject(partition) || !isJsonObject(offset)) throw this.#foreign()
      this.#known(connector).put(partition, offset, 0, 0)
    }
  }

  of(connector: string): SourceOffsets {
    return this.#known(connector)
  }

  save(connector: string, offsets: readonly AlteredOffset[]): Promise<void> {
    const known = this.#known(connector)
    for (const { partition, offset } of offsets) known.put(partition, offset, 0, 0)
    this.#next ??= this.#writing.then(() => {
      this.#next = null
      const written = this.#write()
      this.#writing = written.catch(() => {})
      return written
    })
    return this.#next
  }

  /** The whole file or none of it, also after a loss of power. */
  async #write(): Promise<void> {
    const entries = [...this.#connectors].flatMap(([connector, known]) =>
      known.all().map(({ partition, offset }) => jsonText({ connector, partition, offset } as Json)),
    )
    const draft = join(dirname(this.#file), `.${basename(this.#file)}.draft`)
    const handle = await open(draft, 'w')
    try {
      await handle.writeFile(`{"offsets":[\n${entries.join(',\n')}\n]}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, this.#file)
  }

  #known(connector: string): KnownOffsets {
    const found = this.#connectors.get(connector) ?? new KnownOffsets(connector)
    this.#connectors.set(connector, found)
    return found
  }

  #foreign(): ConfigError {
    return new ConfigError(
      `The file of offset.storage.file.filename, ${this.#file}, holds no offsets as Penstock writes them; a JVM worker's can't be read. Name another file`,
    )
  }
}
