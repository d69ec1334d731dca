/** Runs worlds in as many threads as there are processors. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { addTo, type Counts } from './coverage.ts'
import type { Planted } from './planted.ts'
import type { Broken, Ran, Seeds } from './worker.ts'

/** A thread gets this many seeds at a time. */
const AT_ONCE = 50
/** Of a thread, in MB: worlds leave much behind that lives for no longer than they do. */
const YOUNG_MB = 64

/** Threads that run worlds, all with the bug that is planted. */
export class Threads implements AsyncDisposable {
  readonly #workers: readonly Worker[]

  constructor(planted: Planted | null = null, threads = availableParallelism()) {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB }
    const file = new URL('./worker.ts', import.meta.url)
    this.#workers = Array.from({ length: threads }, () => new Worker(file, { workerData: planted, resourceLimits }))
  }

  /** The worlds of `count` seeds, until one breaks: then it is that of the lowest seed that does. */
  async run(from: number, count: number): Promise<Ran> {
    const counts: Counts = new Map()
    const found: Broken[] = []
    let worlds = 0
    let next = from
    const lane = async (worker: Worker) => {
      while (next < from + count && found.length === 0) {
        const seeds: Seeds = { from: next, to: Math.min(next + AT_ONCE, from + count) }
        next = seeds.to
        const ran = await answer(worker, seeds)
        worlds += ran.worlds
        addTo(counts, ran.counts)
        if (ran.broken !== null) found.push(ran.broken)
      }
    }
    await Promise.all(this.#workers.map(lane))
    const [broken = null] = found.sort((a, b) => a.seed - b.seed)
    return { worlds, counts, broken }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function answer(worker: Worker, seeds: Seeds): Promise<Ran> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (ran: Ran) => {
      worker.off('error', reject)
      resolve(ran)
    })
    worker.postMessage(seeds)
  })
}

export function report({ seed, violation, history }: Broken): string {
  return [`The world of seed ${seed} broke: ${violation}`, ...history].join('\n')
}
