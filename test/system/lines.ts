/** Lines that go from a file through a topic into another file, by a FileStreamSource and a FileStreamSink. */
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Of Penstock or a JVM worker. */
export type Rest = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>

/** A file, its source, a topic, its sink, and the sink's file. */
export interface Line {
  /** Of the source. */
  readonly name: string
  readonly sink: string
  readonly topic: string
  readonly from: string
  readonly to: string
  /** What was written to `from`. */
  readonly lines: string[]
}

export async function newLine(folder: string, name: string): Promise<Line> {
  const files = { from: join(folder, `${name}.txt`), to: join(folder, `${name}-copy.txt`) }
  await writeFile(files.from, '')
  return { name, sink: `${name}-sink`, topic: `${name}-lines`, ...files, lines: [] }
}

/** ASCII: the JVM's FileStreamSource counts characters, and then skips as many bytes. */
export async function append({ name, from, lines }: Line, count: number): Promise<void> {
  const made = Array.from({ length: count }, (_, i) => `${name} ${lines.length + i}`)
  lines.push(...made)
  await appendFile(from, `${made.join('\n')}\n`)
}
