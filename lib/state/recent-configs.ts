/** Configs as this process has last read or written them: parsed once, and something to write upon without a read. */
import type { Item } from './attributes.ts'
import type { ConnectorConfig } from './connector-config.ts'

export interface RecentConfig {
  readonly incarnation: string
  readonly config: ConnectorConfig
}

/** Long configs, which are compressed in their item or have none, are not kept: so many take 50 MB at most. */
const KEPT = 2_000

export class RecentConfigs {
  readonly #byName = new Map<string, RecentConfig>()

  get(name: string): RecentConfig | null {
    return this.#byName.get(name) ?? null
  }

  /** What the item's config is, where that is known: within an incarnation the position tells. */
  of(item: Item): ConnectorConfig | null {
    const found = this.get(String(item['sk']))
    if (found === null || found.incarnation !== item['incarnation']) return null
    return found.config.position === item['position'] ? found.config : null
  }

  /** `item`: the attributes that the config has in the table. */
  keep(name: string, item: Item, config: ConnectorConfig): void {
    this.#byName.delete(name)
    const packed = [item['config'], item['tasks'], item['pending']]
    if (item['parts'] != null || packed.some((text) => typeof text !== 'string')) return
    this.#byName.set(name, { incarnation: String(item['incarnation']), config })
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > KEPT && oldest !== undefined) this.#byName.delete(oldest)
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }
}
