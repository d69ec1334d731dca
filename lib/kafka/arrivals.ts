/** What a consumer has fetched and not handed out yet. */
import type { Assigned } from './assignments.ts'
import type { Fetched, FetchedBatches } from './fetched-batches.ts'

export interface Arrived {
  readonly assigned: Assigned
  readonly node: number
  readonly batches: FetchedBatches
}

export class Arrivals {
  readonly #maxBytes: number
  #waiting: Arrived[] = []

  /** `maxBytes`: of what is handed out at once. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Of which something is left. */
  nodes(): Iterable<number> {
    return this.#waiting.map(({ node }) => node)
  }

  add(arrived: Arrived): void {
    this.#waiting.push(arrived)
  }

  drop(assigned: Assigned): void {
    this.#waiting = this.#waiting.filter((arrived) => arrived.assigned !== assigned)
  }

  clear(): void {
    this.#waiting = []
  }

  async loadCodecs(): Promise<void> {
    for (const { batches } of this.#waiting) await batches.loadCodecs()
  }

  /** The next batches, up to the limit. An error waits until what comes before it is handed out. */
  take(): Fetched[] {
    const fetched: Fetched[] = []
    let bytes = 0
    for (let head = this.#waiting[0]; head !== undefined && bytes < this.#maxBytes; head = this.#waiting[0]) {
      const { assigned, batches } = head
      let next: ReturnType<FetchedBatches['next']>
      try {
        next = batches.next(assigned.position)
      } catch (error) {
        if (fetched.length > 0) return fetched
        throw error
      }
      if (typeof next === 'number') assigned.position = next
      else if (next !== null) {
        assigned.position = next.nextOffset
        bytes += next.buffer.length
        fetched.push(next)
      }
      if (batches.isDone) this.#waiting.shift()
    }
    return fetched
  }
}
