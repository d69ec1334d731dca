/** The table of a simulated world: DynamoDB's semantics, with answers that come late, are lost, or are refusals. */
import { isDeepStrictEqual } from 'node:util'
import { RetriableError } from '../../lib/connect/errors.ts'
import type { Attribute, Item } from '../../lib/state/attributes.ts'
import type { Condition, Path, Update } from '../../lib/state/expression.ts'
import type { Lease } from '../../lib/state/lease.ts'
import { type ItemUpdate, type Key, type Outcome, type Table, TableGone } from '../../lib/state/table.ts'
import type { World } from './world.ts'

/** Requests to the table that are answered by a refusal, at present: throttled, or failing. */
export interface TableWeather {
  /** 0 to 1. */
  refuses: number
}

type Items = Map<string, Map<string, Item>>

/** `seen` is called with each lease that a write has made, before anybody else can see it. */
export class SimulatedTable implements Table {
  readonly name = 'penstock'
  readonly weather: TableWeather = { refuses: 0 }
  readonly #world: World
  readonly #seen: (before: Item | null, after: Item | null) => void
  /** Null: dropped. */
  #items: Items | null = null

  constructor(world: World, seen: (before: Item | null, after: Item | null) => void) {
    this.#world = world
    this.#seen = seen
  }

  drop(): void {
    this.#world.met('table dropped')
    this.#items = null
  }

  /** Without a request. */
  lease(connector: string, task: number): Lease | null {
    const item = this.#items?.get(`lease#${connector}`)?.get(String(task).padStart(6, '0'))
    return (item as unknown as Lease) ?? null
  }

  get(key: Key): Promise<Item | null> {
    return this.#call(() => this.#get(key))
  }

  batchGet(keys: readonly Key[]): Promise<Item[]> {
    return this.#call(() => keys.map((key) => this.#get(key)).filter((item) => item !== null))
  }

  query(pk: string): Promise<Item[]> {
    return this.#call(() => {
      const items: [string, Item][] = [...(this.#partitions.get(pk) ?? new Map<string, Item>())]
      return items.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]): Item => item)
    })
  }

  put(key: Key, item: Item, condition?: Condition): Promise<boolean> {
    return this.#call(() => {
      const before = this.#get(key)
      if (condition !== undefined && !holds(condition, before)) return false
      this.#set(key, { ...item, ...key })
      return true
    })
  }

  updateWhere(where: Key, key: Key, update: Update, condition: Condition): Promise<boolean | 'missing'> {
    return this.#call(() => {
      if (this.#get(where) === null) return 'missing'
      return this.#update(key, update, condition).done
    })
  }

  updateAll(updates: readonly ItemUpdate[]): Promise<boolean> {
    return this.#call(() => {
      if (!updates.every(({ key, condition }) => condition === undefined || holds(condition, this.#get(key))))
        return false
      for (const { key, update } of updates) this.#update(key, update, undefined)
      return true
    })
  }

  update(key: Key, update: Update, condition?: Condition): Promise<Outcome> {
    return this.#call(() => this.#update(key, update, condition))
  }

  delete(key: Key, condition?: Condition): Promise<boolean> {
    return this.#call(() => {
      const before = this.#get(key)
      if (condition !== undefined && !holds(condition, before)) return false
      this.#set(key, null)
      return true
    })
  }

  create(): Promise<void> {
    return this.#world.request(
      () => this.#world.between(5, 50),
      () => {
        this.#items ??= new Map()
      },
    )
  }

  close(): void {}

  /** What a person who looks at the table sees. */
  peek(key: Key): Item | null {
    return this.#items?.get(key.pk)?.get(key.sk) ?? null
  }

  #update(key: Key, update: Update, condition: Condition | undefined): Outcome {
    const before = this.#get(key)
    if (condition !== undefined && !holds(condition, before)) return { done: false, item: before }
    const item = updated(before ?? { ...key }, update)
    this.#set(key, item)
    return { done: true, item }
  }

  /** Refused before anything happens, or with its answer lost: the SDK tries for 3 s, then rejects. */
  #call<T>(effect: () => T): Promise<T> {
    const fate = this.#world.random()
    return fate < this.weather.refuses ? this.#refused(effect, fate) : this.#world.request(this.#latency, effect)
  }

  readonly #latency = () => this.#world.between(1, 6)

  async #refused(effect: () => unknown, fate: number): Promise<never> {
    const world = this.#world
    world.met('table refused')
    if (fate < this.weather.refuses / 4) {
      world.met("table's answer lost")
      await world.request(this.#latency, effect)
    }
    await world.request(
      () => world.between(100, 1_500),
      () => {},
    )
    throw new RetriableError(`The table ${this.name} did not answer in time`)
  }

  get #partitions(): Items {
    if (this.#items === null) throw new TableGone(this.name)
    return this.#items
  }

  #get({ pk, sk }: Key): Item | null {
    return this.#partitions.get(pk)?.get(sk) ?? null
  }

  #set(key: Key, item: Item | null): void {
    const items = this.#partitions
    const of = items.get(key.pk) ?? new Map<string, Item>()
    items.set(key.pk, of)
    const before = of.get(key.sk) ?? null
    if (item === null) of.delete(key.sk)
    else of.set(key.sk, item)
    if (key.pk.startsWith('lease#')) this.#seen(before, item)
  }
}

function updated(item: Item, { set = [], remove = [], add = [], setIfAbsent = [] }: Update): Item {
  const next: Writable = { ...item }
  for (const [path, value] of set) write(next, path, value)
  for (const [path, value] of setIfAbsent) if (valueAt(next, path) === undefined) write(next, path, value)
  for (const [name, value] of add) next[name] = Number(next[name] ?? 0) + value
  for (const path of remove) write(next, path, undefined)
  return next
}

type Writable = Record<string, Attribute>

/** Into an item of one's own; the maps on the way are others' too, and copied. Undefined removes. */
function write(item: Writable, path: Path, value: Attribute | undefined): void {
  const [name = '', ...rest] = typeof path === 'string' ? [path] : path
  if (rest.length > 0) {
    const map: Writable = { ...(item[name] as Item | undefined) }
    item[name] = map
    write(map, rest, value)
  } else if (value === undefined) delete item[name]
  else item[name] = value
}

function valueAt(item: Item | null, path: Path): Attribute | undefined {
  if (typeof path === 'string') return item?.[path]
  return path.reduce<Attribute | undefined>((value, name) => (value as Item | null | undefined)?.[name], item ?? {})
}

function holds(condition: Condition, item: Item | null): boolean {
  switch (condition.kind) {
    case 'equal':
      return isEqual(valueAt(item, condition.path), condition.value)
    case 'absent':
      return valueAt(item, condition.path) === undefined
    case 'present':
      return valueAt(item, condition.path) !== undefined
    case 'below': {
      const value = valueAt(item, condition.path)
      return typeof value === 'number' && value < condition.limit
    }
    case 'all':
      return condition.of.every((one) => holds(one, item))
    case 'any':
      return condition.of.some((one) => holds(one, item))
    default:
      return condition satisfies never
  }
}

function isEqual(a: Attribute | undefined, b: Attribute): boolean {
  return a === b || (typeof a === 'object' && isDeepStrictEqual(a, b))
}
