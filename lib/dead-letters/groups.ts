/** Dead letters in groups of what went wrong: stage, error, and the plugin that failed. */
import type { DeadLetter } from './letter.ts'
import { place } from './letter.ts'

export interface LetterGroup {
  readonly stage: string | null
  /** The Java class of the error. */
  readonly error: string | null
  /** Of the plugin that failed. */
  readonly class: string | null
  readonly count: number
  /** Of them, how many were redriven. */
  readonly redriven: number
  /** The first and the last of the records' own timestamps, epoch ms. */
  readonly firstTimestamp: number | null
  readonly lastTimestamp: number | null
  /** The last letters, `PARTITION:OFFSET`, with their error's message. */
  readonly samples: readonly { readonly letter: string; readonly message: string | null }[]
}

type Counted = { -readonly [K in keyof LetterGroup]: LetterGroup[K] }

const SAMPLES = 3

export class LetterGroups {
  readonly #groups = new Map<string, Counted>()

  add(letter: DeadLetter, isRedriven: boolean): void {
    const { context, timestamp } = letter
    const { stage, error, class: name, message } = context
    const key = JSON.stringify([stage, error, name])
    const none = { count: 0, redriven: 0, firstTimestamp: null, lastTimestamp: null, samples: [] }
    const group: Counted = this.#groups.get(key) ?? { stage, error, class: name, ...none }
    group.count++
    if (isRedriven) group.redriven++
    if (timestamp !== null) {
      group.firstTimestamp = Math.min(group.firstTimestamp ?? timestamp, timestamp)
      group.lastTimestamp = Math.max(group.lastTimestamp ?? timestamp, timestamp)
    }
    group.samples = [...group.samples, { letter: place(letter), message }].slice(-SAMPLES)
    this.#groups.set(key, group)
  }

  /** The largest first. */
  get all(): readonly LetterGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count)
  }
}
