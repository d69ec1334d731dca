/**
 * The random numbers of one record: a pure function of the seed and the iteration, so that any record can be
 * generated again without those before it. xoroshiro64** whose state is the mixed counter.
 */
export class Draw {
  readonly #low: number
  readonly #high: number
  #a = 0
  #b = 0
  /** The iteration that is being generated. */
  iteration = 0

  constructor(seed: number | bigint) {
    const bits = BigInt.asUintN(64, BigInt(seed))
    this.#low = Number(bits & 0xffffffffn) | 0
    this.#high = Number(bits >> 32n) | 0
  }

  /** Goes to the first number of this iteration. Distinct iterations have distinct states. */
  seek(iteration: number): this {
    const low = iteration | 0
    const high = (iteration / 4294967296) | 0
    this.iteration = iteration
    this.#a = mix(low ^ this.#low)
    this.#b = mix(Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77) ^ this.#high) | 0
    if ((this.#a | this.#b) === 0) this.#b = 1
    return this
  }

  /** 0 to 2^32 - 1. */
  word(): number {
    const a = this.#a
    const b = this.#b ^ a
    const scrambled = Math.imul(a, 0x9e3779bb)
    this.#a = ((a << 26) | (a >>> 6)) ^ b ^ (b << 9)
    this.#b = (b << 13) | (b >>> 19)
    return Math.imul((scrambled << 5) | (scrambled >>> 27), 5) >>> 0
  }

  /** 0 to just below 1, of 53 bits. */
  unit(): number {
    return ((this.word() >>> 5) * 67108864 + (this.word() >>> 6)) / 9007199254740992
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return bound <= 65536 ? Math.floor((this.word() / 4294967296) * bound) : Math.floor(this.unit() * bound)
  }
}

/** The seed of a task, a safe integer: tasks of one connector generate different records. */
export function taskSeed(seed: number | bigint, task: number): number {
  const draw = new Draw(seed).seek(task)
  return (draw.word() >>> 11) * 4294967296 + draw.word()
}

/** The seed of a connector that sets none. */
export function seedOfName(name: string): number {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x5bd1e995)
  }
  return (mix(b) >>> 11) * 4294967296 + (mix(a) >>> 0)
}

/** A bijection of 32-bit integers (the finalizer of MurmurHash3). */
function mix(x: number): number {
  let h = x ^ (x >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
