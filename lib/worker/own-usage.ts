/** The coordinator's and the REST function's own usage, kept under a name of theirs. */
import { type DayUsage, dayOf, NO_USAGE, plus, type Usage } from '../state/usage.ts'
import { startMeter } from './usage-meter.ts'

/** How often it is written, in ms. What an instance used since, it takes along when it ends. */
const WRITE_MS = 60_000

/**
 * The handler, its invocations counted. What earlier ones used is written beside a later one, so that nobody waits
 * for it.
 */
export function counted<Event, Answer>(
  name: '_coordinator' | '_rest',
  handler: (event: Event) => Promise<Answer>,
): (event: Event) => Promise<Answer> {
  let unwritten: DayUsage | null = null
  let writtenAt = 0
  return async (event) => {
    const used = startMeter(name === '_rest' ? { restRequests: 1 } : {})
    const writing = unwritten !== null && Date.now() - writtenAt >= WRITE_MS ? write(name, unwritten) : null
    if (writing !== null) {
      unwritten = null
      writtenAt = Date.now()
    }
    try {
      return await handler(event)
    } finally {
      await writing
      unwritten = added(unwritten, used())
    }
  }
}

/** What comes about at midnight counts for the day before. */
function added(before: DayUsage | null, used: Usage): DayUsage {
  const { day, since } = before ?? { day: dayOf(Date.now()), since: Date.now() }
  return { ...plus(before ?? NO_USAGE, used), day, since }
}

async function write(name: string, usage: DayUsage): Promise<void> {
  // Loaded by then; an earlier import would make a cold start longer.
  const { runtime } = await import('./runtime.ts')
  // What can't be opened is told by the request itself.
  const opened = await runtime().catch(() => null)
  try {
    await opened?.state.usage.file(name, usage)
  } catch (error) {
    opened?.log.debug('what was used could not be written', { error: (error as Error).message })
  }
}
