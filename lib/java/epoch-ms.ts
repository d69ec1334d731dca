/** Dates of the whole range of Java's longs: JavaScript's own end at ±8.64e15 ms, the year 275760. */

/** A `java.util.Date` that a JavaScript one can't hold. `getTime` is as exact as a number is. */
class FarDate extends Date {
  readonly exactMs: number | bigint

  constructor(ms: number | bigint) {
    super(Number.NaN)
    this.exactMs = ms
  }

  override getTime(): number {
    return Number(this.exactMs)
  }

  override valueOf(): number {
    return Number(this.exactMs)
  }
}

export function dateOf(ms: number | bigint): Date {
  const near = typeof ms === 'number' && ms >= -8.64e15 && ms <= 8.64e15
  return near ? new Date(ms) : new FarDate(ms)
}

export function epochMs(date: Date): number | bigint {
  return date instanceof FarDate ? date.exactMs : date.getTime()
}
