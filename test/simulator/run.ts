/** Runs worlds in as many threads as there are processors, until one fails or all are through. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Planted } from './planted.ts'
import type { Found, Seeds } from './worker.ts'

export async function runWorlds(from: number, count: number, planted: Planted | null = null): Promise<Found | null> {
  const step = Math.max(1, availableParallelism())
  const workers: Worker[] = []
  const first = Promise.withResolvers<Found | null>()
  let left = step
  for (let i = 0; i < step; i++) {
    const workerData: Seeds = { from: from + i, to: from + count, step, planted }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData })
    worker.on('message', (found: Found | null) => {
      left--
      if (found !== null || left === 0) first.resolve(found)
    })
    worker.on('error', first.reject)
    workers.push(worker)
  }
  try {
    return await first.promise
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

export function report({ seed, violation, history }: Found): string {
  return [`The world of seed ${seed} broke: ${violation}`, ...history].join('\n')
}
