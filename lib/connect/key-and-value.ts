/** One transform for a record's key and one for its value: Connect's `X$Key` and `X$Value`. */
import { type OneToMany, type PluginLog, type PluginOf, plugin, type Transform } from './plugin.ts'
import type { ConnectRecord } from './record.ts'
import type { Schema } from './schema.ts'
import type { ConfigOf, RawConfig, Settings } from './settings.ts'
import type { Value } from './value.ts'

/** The half of a record that a transform works on. */
export interface Part {
  readonly name: 'Key' | 'Value'
  schema(record: ConnectRecord): Schema | null
  value(record: ConnectRecord): Value
  replace(record: ConnectRecord, schema: Schema | null, value: Value): ConnectRecord
}

const KEY: Part = {
  name: 'Key',
  schema: (record) => record.keySchema,
  value: (record) => record.key,
  replace: (record, schema, value) => record.withKey(schema, value),
}

const VALUE: Part = {
  name: 'Value',
  schema: (record) => record.valueSchema,
  value: (record) => record.value,
  replace: (record, schema, value) => record.withValue(schema, value),
}

/** `class` and `aliases` are names without `$Key` or `$Value`. */
export function keyAndValue<S extends Settings, T extends Transform | OneToMany>(declaration: {
  readonly class: string
  readonly aliases?: readonly string[]
  readonly version: string
  readonly doc: string
  readonly settings: S
  readonly additions?: Settings
  create(config: ConfigOf<S>, part: Part, raw: RawConfig, log: PluginLog): T
}): PluginOf<T>[] {
  const { class: name, aliases = [], create, ...same } = declaration
  return [KEY, VALUE].map((part) =>
    plugin<T, S>({
      ...same,
      class: `${name}$${part.name}`,
      aliases: aliases.map((alias) => `${alias}$${part.name}`),
      create: (config, raw, log) => create(config, part, raw, log),
    }),
  )
}
