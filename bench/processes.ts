/** What processes use: CPU seconds and resident memory, by the part they play, from /proc (Linux alone). */
import { readFileSync } from 'node:fs'

const SAMPLE_MS = 100
/** /proc counts in hundredths of a second (USER_HZ). */
const TICKS = 100
const PAGE_MB = 4096 / 1e6

export interface Usage {
  /** Of all its processes, threads included, those that have ended too. */
  readonly cpuSeconds: number
  /** Of its largest process. */
  readonly maxRssMb: number
}

interface Seen {
  part: string
  readonly before: number
  ticks: number
  pages: number
}

/** Counts from its start on. A process that ends is counted as of its last sample. */
export class ProcessMeter {
  readonly #root: number
  readonly #seen = new Map<number, Seen>()
  readonly #timer: NodeJS.Timeout

  /** Of the process and all its children. */
  constructor(root: number) {
    this.#root = root
    this.#sample(root, true)
    this.#timer = setInterval(() => this.#sample(root, false), SAMPLE_MS)
  }

  /** By part: `main`, the names of the functions (`penstock-task`, ...), `java-kafka`, `java-dynamodb`, `other`. */
  stop(): ReadonlyMap<string, Usage> {
    clearInterval(this.#timer)
    this.#sample(this.#root, false)
    const usage = new Map<string, Usage>()
    for (const { part, before, ticks, pages } of this.#seen.values()) {
      const { cpuSeconds, maxRssMb } = usage.get(part) ?? { cpuSeconds: 0, maxRssMb: 0 }
      const cpu = cpuSeconds + (ticks - before) / TICKS
      usage.set(part, { cpuSeconds: cpu, maxRssMb: Math.max(maxRssMb, pages * PAGE_MB) })
    }
    return usage
  }

  #sample(pid: number, isFirst: boolean): void {
    const text = read(`/proc/${pid}/stat`)
    if (text === '') return
    // The name of the program comes first, in brackets, and may have any characters.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const pages = Number(fields[21])
    const seen = this.#seen.get(pid)
    if (seen === undefined) {
      this.#seen.set(pid, { part: this.#partOf(pid), before: isFirst ? ticks : 0, ticks, pages })
    } else {
      seen.ticks = ticks
      seen.pages = Math.max(seen.pages, pages)
      // Between fork and exec a child looks like its parent.
      if (seen.part === 'other') seen.part = this.#partOf(pid)
    }
    for (const child of childrenOf(pid)) this.#sample(child, isFirst)
  }

  #partOf(pid: number): string {
    if (pid === this.#root) return 'main'
    return partOf(pid)
  }
}

function partOf(pid: number): string {
  if (read(`/proc/${pid}/comm`).trim() === 'java')
    return read(`/proc/${pid}/cmdline`).includes('dynamodb') ? 'java-dynamodb' : 'java-kafka'
  return /(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=([^\0]+)/.exec(read(`/proc/${pid}/environ`))?.[1] ?? 'other'
}

/** By part as in a meter: the processes that there are now, and their memory, shared pages by their share (PSS). */
export function memoryOf(root: number): ReadonlyMap<string, { readonly count: number; readonly mb: number }> {
  const memory = new Map<string, { count: number; mb: number }>()
  const add = (pid: number) => {
    const part = pid === root ? 'main' : partOf(pid)
    const { count, mb } = memory.get(part) ?? { count: 0, mb: 0 }
    const kb = Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
    memory.set(part, { count: count + 1, mb: mb + kb / 1024 })
    for (const child of childrenOf(pid)) add(child)
  }
  add(root)
  return memory
}

function childrenOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ')
  return children.filter((child) => child !== '').map(Number)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
