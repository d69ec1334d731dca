/** Runs worlds in a thread of its own: their clock is the process's. Answers each range of seeds with what it ran. */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { addTo, type Counts } from './coverage.ts'
import type { Planted } from './planted.ts'

/** `to` is not in it. */
export interface Seeds {
  readonly from: number
  readonly to: number
}

export interface Broken {
  readonly seed: number
  /** The invariant that didn't hold. */
  readonly violation: string
  readonly history: readonly string[]
}

/** A range ends at the first world that breaks. */
export interface Ran {
  readonly worlds: number
  readonly counts: Counts
  readonly broken: Broken | null
}

const planted = workerData as Planted | null

if (planted !== null) {
  const url = new URL(`../../lib/${planted.file}`, import.meta.url).href
  registerHooks({
    load(asked, context, next) {
      const loaded = next(asked, context)
      if (asked !== url) return loaded
      const source = String(loaded.source)
      if (!source.includes(planted.from)) throw new Error(`${planted.file} has no such place: ${planted.from}`)
      return { ...loaded, source: source.replace(planted.from, planted.to) }
    },
  })
}

const { runWorld } = await import('./run-world.ts')

// What is loaded at its first use takes real time, in which a world's time would go on: not two worlds would be alike.
const FIRST_USES = [1, 2, 3, 4]
for (const seed of FIRST_USES) await runWorld(seed)

// Where an error was made is not told by a world, and finding it out takes longer than many an event.
Error.stackTraceLimit = 0

parentPort?.on('message', async ({ from, to }: Seeds) => {
  const counts: Counts = new Map()
  let broken: Broken | null = null
  let seed = from
  for (; seed < to && broken === null; seed++) {
    const world = await runWorld(seed)
    addTo(counts, world.counts)
    if (world.violation !== null) broken = { seed, violation: world.violation, history: world.history }
  }
  const ran: Ran = { worlds: seed - from, counts, broken }
  parentPort?.postMessage(ran)
})
