/** Measures a run, a batch at a time: nothing here is called for each record. */
import {
  LATENCY_BOUNDS_MS,
  type Latencies,
  type Measures,
  noLatencies,
  noLatest,
  noSums,
  type Sum,
} from '../state/measures.ts'

/** Rates are taken over so much time at most, and from marks that are so far apart, in ms. */
const RATE_MS = 60_000
const MARK_MS = 5_000

interface Mark {
  readonly at: number
  readonly polled: number
  readonly written: number
  readonly commits: number
}

export class Meter {
  readonly #sums = noSums()
  readonly #latest = noLatest()
  readonly #latency = noLatencies()
  readonly #putLatency = noLatencies()
  #lastError = 0
  #marks: Mark[] = [{ at: Date.now(), polled: 0, written: 0, commits: 0 }]

  /** A poll or a fetch brought records. */
  polled(records: number, ms: number): void {
    const { activeNow } = this.#latest
    this.#add('polled', records)
    this.#add('polls', 1)
    this.#add('pollMs', ms)
    this.#latest.activeNow = activeNow + records
    this.#add('active', activeNow + records)
    this.#most('pollMaxMs', ms)
    this.#most('batchMax', records)
    this.#most('activeMax', activeNow + records)
  }

  /** Records that were polled are committed, or given back. */
  settled(records: number): void {
    this.#latest.activeNow -= records
  }

  /** `since`: the timestamp of the first of them, epoch ms. */
  acknowledged(records: number, since: number): void {
    if (records === 0) return
    this.#add('written', records)
    observe(this.#latency, records, since)
  }

  put(records: number, ms: number): void {
    this.#add('written', records)
    this.#add('puts', 1)
    this.#add('putMs', ms)
    this.#most('putMaxMs', ms)
  }

  /** The sink has taken records; `since` as of `acknowledged`. */
  taken(records: number, since: number): void {
    if (records > 0) observe(this.#putLatency, records, since)
  }

  /** What the sink has taken is durable. */
  durable(records: number, since: number): void {
    if (records > 0) observe(this.#latency, records, since)
  }

  committed(ms: number): void {
    this.#add('commits', 1)
    this.#add('commitMs', ms)
    this.#most('commitMaxMs', ms)
  }

  /** Of a transaction that is committed. */
  transaction(records: number): void {
    const { transactions } = this.#sums
    this.#latest.transactionMin = transactions === 0 ? records : Math.min(this.#latest.transactionMin, records)
    this.#most('transactionMax', records)
    this.#add('transactions', 1)
    this.#add('transactionRecords', records)
  }

  count(
    what: 'commitFailures' | 'failures' | 'skipped' | 'logged' | 'retries' | 'deadLetters' | 'deadLetterFailures',
  ): void {
    this.#add(what, 1)
  }

  /** A record failed for good. */
  error(): void {
    this.#add('failures', 1)
    this.#add('errors', 1)
    this.#lastError = Date.now()
  }

  assigned(partitions: number, lagMax: number): void {
    this.#latest.partitions = partitions
    this.#latest.lagMax = lagMax
  }

  /** Of the run so far. */
  measures(now = Date.now()): Measures {
    const { polled, written, commits } = this.#sums
    const seen = { at: now, polled, written, commits }
    const last = this.#marks.at(-1)
    if (last === undefined || now - last.at >= MARK_MS) this.#marks.push(seen)
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > RATE_MS) this.#marks.shift()
    const [from = seen] = this.#marks
    const seconds = Math.max(1, (now - from.at) / 1000)
    const rates = {
      readRate: (polled - from.polled) / seconds,
      writtenRate: (written - from.written) / seconds,
      commitRate: (commits - from.commits) / seconds,
    }
    return {
      sums: { ...this.#sums },
      latest: { ...this.#latest, ...rates },
      lastError: this.#lastError,
      latency: copyOf(this.#latency),
      putLatency: copyOf(this.#putLatency),
    }
  }

  #add(name: Sum, amount: number): void {
    this.#sums[name] += amount
  }

  #most(name: 'pollMaxMs' | 'batchMax' | 'activeMax' | 'putMaxMs' | 'commitMaxMs' | 'transactionMax', value: number) {
    if (value > this.#latest[name]) this.#latest[name] = value
  }
}

/** A timestamp before 0 is none; one in the future, of a clock that is ahead, is now. */
function observe(into: { counts: number[]; sumMs: number }, records: number, since: number): void {
  if (since < 0) return
  const ms = Math.max(0, Date.now() - since)
  let bucket = 0
  while (ms > (LATENCY_BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
  into.counts[bucket] = (into.counts[bucket] ?? 0) + records
  into.sumMs += ms * records
}

function copyOf({ counts, sumMs }: Latencies): Latencies {
  return { counts: [...counts], sumMs }
}
