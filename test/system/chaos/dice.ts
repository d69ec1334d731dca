/** Random choices under a seed (mulberry32). What the world does meanwhile is up to the world. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1) >>> 0
  }

  /** From 0 to below 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1))
  }

  /** The list must not be empty. */
  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)] as T
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((one) => [this.unit(), one] as const)
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one)
  }
}
