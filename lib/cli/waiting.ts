/** Waiting for something on the server, and the flags that say how long. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidArgumentError } from 'commander'

const LOOK_MS = 250

/** Asks until there is an answer; null where the time is over. */
export async function until<T>(ms: number, ask: () => Promise<T | false>): Promise<T | null> {
  for (const end = Date.now() + ms; ; await sleep(LOOK_MS)) {
    const answer = await ask()
    if (answer !== false) return answer
    if (Date.now() >= end) return null
  }
}

/** A flag's seconds, in ms. */
export function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number of seconds, above 0.')
  return value * 1000
}

export function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}
