/** A function's log, of all its instances: bounded in size, and only whole lines. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

/** At this size, in bytes, the file becomes `NAME.1` in place of the one before. */
const LIMIT = 10 * 1024 * 1024

export interface LogFile {
  /** Texts of whole lines, each with its newline. */
  write(text: string): void
  close(): void
}

export function openLogFile(path: string, limit = LIMIT): LogFile {
  let file: number | null = openSync(path, 'a')
  let size = fstatSync(file).size
  return {
    write(text) {
      if (file === null) return
      size += writeSync(file, text)
      if (size < limit) return
      closeSync(file)
      renameSync(path, `${path}.1`)
      file = openSync(path, 'a')
      size = 0
    },
    close() {
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

/** Puts the chunks of one process's output together to lines; `end` hands out what is left. */
export function wholeLines(take: (lines: string) => void): { chunk(text: string): void; end(): void } {
  let rest = ''
  return {
    chunk(text) {
      const all = rest + text
      const split = all.lastIndexOf('\n') + 1
      rest = all.slice(split)
      if (split > 0) take(all.slice(0, split))
    },
    end() {
      if (rest !== '') take(`${rest}\n`)
      rest = ''
    },
  }
}
