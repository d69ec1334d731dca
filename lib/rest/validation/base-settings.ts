/** The settings that every connector has, with what only the registry and the worker know: classes and versions. */
import type { Connector } from '../../connect/plugin.ts'
import type { Recommender, Setting, Settings } from '../../connect/settings.ts'
import { CONNECTOR_KEYS } from '../../worker/connector-keys.ts'
import { SINK_KEYS } from '../../worker/sink-keys.ts'
import { SOURCE_KEYS } from '../../worker/source-keys.ts'

/** `default` and recommended values of one setting. */
export interface Known {
  readonly default: string | null
  readonly recommended: readonly string[]
}

const KEYS: Readonly<Record<'source' | 'sink', Settings>> = { source: SOURCE_KEYS, sink: SINK_KEYS }

/** Converters stay without defaults: `known` gives them, by setting. Null: those of either kind of connector. */
export function baseSettings(
  kind: 'source' | 'sink' | null,
  version: string,
  known: Readonly<Record<string, Known>> = {},
): Settings {
  const all: Readonly<Record<string, Known>> = {
    'connector.plugin.version': { default: version, recommended: [version] },
    ...known,
  }
  const settings: Settings = { ...CONNECTOR_KEYS, ...(kind === null ? {} : KEYS[kind]) }
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]): [string, Setting] => {
      const its = all[name]
      return [
        name,
        its === undefined ? setting : { ...setting, default: its.default, recommender: recommends(its.recommended) },
      ]
    }),
  )
}

/** A connector's own settings as Connect's class has them, in its order. */
export function ownSettings({ settings, listsCommon }: Connector): Settings {
  return listsCommon === true ? { ...CONNECTOR_KEYS, ...VERSIONS, ...settings } : settings
}

/** Of `ConnectorConfig` alone, which knows no plugins: the version of a converter is asked for where one is named. */
const VERSIONS: Settings = Object.fromEntries(
  (['key.converter', 'value.converter', 'header.converter'] as const).map((converter): [string, Setting] => {
    const visible: Recommender['visible'] = (_name, config) => config[converter] !== null
    const name = `${converter}.plugin.version` as const
    return [name, { ...CONNECTOR_KEYS[name], recommender: { values: () => [], visible } }]
  }),
)

export function recommends(values: readonly string[]): Recommender {
  return { values: () => values, visible: () => true }
}
