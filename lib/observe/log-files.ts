/** Log lines from files that are written line by line: read from their ends, as far as the query goes. */
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LOG_LEVELS, type LogLine, parseLogLine } from './log-line.ts'
import type { LogQuery, LogReader } from './log-reader.ts'

const CHUNK = 256 * 1024
/** Lines of several processes stand in one file nearly in the order of their times, in ms. */
const DISORDER_MS = 5_000

/** Of all `*.log` and `*.log.1` files of the folder. */
export function logFiles(folder: string): LogReader {
  return {
    async read(query) {
      const files = (await readdir(folder)).filter((file) => /\.log(\.1)?$/.test(file))
      const found = await Promise.all(files.map((file) => matching(join(folder, file), query)))
      const lines = found.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
      return lines.slice(-query.limit)
    },
  }
}

async function matching(path: string, query: LogQuery): Promise<LogLine[]> {
  const enough = LOG_LEVELS.indexOf(query.level)
  const mark = JSON.stringify(query.connector)
  const found: LogLine[] = []
  for await (const text of fromItsEnd(path)) {
    const line = parseLogLine(text)
    if (line === null) continue
    const time = Date.parse(line.time)
    if (time < query.since - DISORDER_MS || found.length >= query.limit) break
    if (time < query.since || !text.includes(mark) || line.connector !== query.connector) continue
    if (query.task !== null && line.task !== query.task) continue
    if (LOG_LEVELS.indexOf(line.level) >= enough) found.push(line)
  }
  return found.reverse()
}

/** Whole lines, the last first. Nothing of a file that has gone meanwhile. */
async function* fromItsEnd(path: string): AsyncGenerator<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return
  try {
    let end = (await file.stat()).size
    // The beginning of what was read last: the end of a line whose beginning comes next.
    let rest: Buffer = Buffer.alloc(0)
    while (end > 0) {
      const start = Math.max(0, end - CHUNK)
      const chunk = Buffer.concat([await bytes(file, start, end), rest])
      const split = start === 0 ? 0 : chunk.indexOf(0x0a) + 1
      rest = chunk.subarray(0, split === 0 && start > 0 ? chunk.length : split)
      if (rest.length < chunk.length)
        for (const line of chunk.toString('utf8', rest.length).split('\n').reverse()) if (line !== '') yield line
      end = start
    }
  } finally {
    await file.close()
  }
}

async function bytes(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
  return buffer.subarray(0, bytesRead)
}
