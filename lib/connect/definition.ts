/** How a setting is described in REST answers (`ConfigKeyInfo`) and its values as texts (`ConfigDef.convertToString`). */
import type { Setting, Settings } from './settings.ts'

export interface Definition {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  /** -1 outside of a group. */
  readonly order_in_group: number
  readonly width: string
  readonly display_name: string
  readonly dependents: readonly string[]
}

/** The definitions in the order of declaration. Places in a group are counted from 0 where none is declared. */
export function definitions(settings: Settings): Definition[] {
  const counted = new Map<string, number>()
  return Object.entries(settings).map(([name, setting]) => {
    const { group } = setting
    if (group === undefined) return definition(name, setting, -1)
    const order = setting.order ?? counted.get(group) ?? 0
    counted.set(group, order + 1)
    return definition(name, setting, order)
  })
}

function definition(name: string, setting: Setting, order: number): Definition {
  return {
    name,
    type: setting.type.toUpperCase(),
    required: !('default' in setting),
    default_value: 'default' in setting ? valueText(setting.default) : null,
    importance: setting.importance.toUpperCase(),
    documentation: setting.doc,
    group: setting.group ?? null,
    order_in_group: order,
    width: setting.width ?? 'NONE',
    display_name: setting.displayName ?? name,
    dependents: setting.dependents ?? [],
  }
}

/** A parsed value as REST answers show it: lists joined by commas, a password hidden. */
export function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? value.join(',') : String(value)
}

/**
 * The order in which the settings of a nested plugin are listed (`ConfigDef.sortedConfigs`): those without a group
 * first, then by group and place, required ones first, by importance and name.
 */
export function sorted(settings: Settings): [name: string, setting: Setting][] {
  const groups = [...new Set(Object.values(settings).map(({ group }) => group))]
  const places = new Map(definitions(settings).map((one) => [one.name, one.order_in_group]))
  const rank = { high: 0, medium: 1, low: 2 }
  const byKey = (name: string, setting: Setting): readonly (string | number)[] => [
    setting.group === undefined ? -1 : groups.indexOf(setting.group),
    places.get(name) ?? -1,
    'default' in setting ? 1 : 0,
    rank[setting.importance],
    name,
  ]
  return Object.entries(settings)
    .map(([name, setting]) => ({ name, setting, key: byKey(name, setting) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ name, setting }) => [name, setting])
}

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}
