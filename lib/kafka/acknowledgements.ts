/** Some records that are acknowledged together, or in `parts` pieces. */
export interface Unacknowledged {
  /** Records appended before its first one. */
  readonly first: number
  parts: number
}

/** Counts records by the order in which they were appended, and how many are acknowledged without a gap before them. */
export class Acknowledgements {
  appended = 0
  /** Everything before it is durable. */
  acknowledged = 0
  /** In the order of `first`; those before `#head` are done. */
  #open: Unacknowledged[] = []
  #head = 0

  /** The batch of the record that is appended next. */
  begin(): Unacknowledged {
    const entry = { first: this.appended, parts: 1 }
    this.#open.push(entry)
    return entry
  }

  /** One part is acknowledged. Answers whether `acknowledged` grew. */
  end(entry: Unacknowledged): boolean {
    entry.parts--
    if (entry.parts > 0) return false
    while (this.#head < this.#open.length && (this.#open[this.#head]?.parts ?? 0) <= 0) this.#head++
    const first = this.#open[this.#head]?.first ?? this.appended
    if (this.#head > 1024 || this.#head === this.#open.length) {
      this.#open = this.#open.slice(this.#head)
      this.#head = 0
    }
    const grew = first > this.acknowledged
    this.acknowledged = first
    return grew
  }

  /** Nothing is waited for any longer: a transaction was aborted. */
  drop(): void {
    this.#open = []
    this.#head = 0
    this.acknowledged = this.appended
  }
}
