/** Wakes of the delay queue. One message carries all connectors that are to be looked at at the same time. */
import { LONGEST_WAKE_MS } from '../worker/events.ts'
import type { CoordinatorDeps } from './deps.ts'

/** A wake that comes this much later than asked for, in ms, is good enough. */
const SLACK_MS = 20
/** Names of 200 characters fill a message of SQS (1 MiB) with some 5,000. */
const NAMES = 1_000

export interface Wake {
  /** Null: all. */
  readonly connector: string | null
  /** Epoch ms. */
  readonly at: number
}

/**
 * One wake a connector at a time, as far as this instance knows: each brings a pass, which asks for the next. Where
 * two instances ask, idle tasks' looks are at the same times (`nextLook`), and what comes at once is one pass again.
 */
export async function wake(deps: CoordinatorDeps, wakes: readonly Wake[]): Promise<void> {
  const now = deps.clock()
  const byTime = new Map<number, string[]>()
  let all: number | null = null
  for (const { connector, at } of wakes) {
    const reached = Math.min(at, now + LONGEST_WAKE_MS)
    const pending = deps.wakes.get(connector) ?? 0
    if (pending > now + SLACK_MS && pending <= reached + SLACK_MS) continue
    deps.wakes.set(connector, reached)
    if (connector === null) all = reached
    else byTime.set(reached, [...(byTime.get(reached) ?? []), connector])
  }
  const messages = [...byTime].flatMap(([at, names]) =>
    Array.from({ length: Math.ceil(names.length / NAMES) }, (_, i) => ({
      at,
      connectors: names.slice(i * NAMES, (i + 1) * NAMES),
    })),
  )
  await Promise.all([
    ...messages.map(({ at, connectors }) => deps.events.wake(connectors, at)),
    ...(all === null ? [] : [deps.events.wake(null, all)]),
  ])
}
