/** Running one transform on one record, by the names that a config uses. */
import { configure, type PluginLog } from '../../../lib/connect/plugin.ts'
import { ConnectRecord, NO_HEADERS } from '../../../lib/connect/record.ts'
import type { Schema } from '../../../lib/connect/schema.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { Struct, type Value } from '../../../lib/connect/value.ts'
import { find } from '../../../lib/registry.ts'
import { SINK } from '../../contract/records.ts'
import { madeOf, NO_LOG } from '../../contract/transform.ts'

/** All that the transform makes of the record. */
export async function applyAll(
  name: string,
  raw: RawConfig,
  record: ConnectRecord,
  log: PluginLog = NO_LOG,
): Promise<readonly ConnectRecord[]> {
  return madeOf(configure(await find('transformation', name), raw, log).apply(record))
}

/** The one record that the transform makes of it, or null. */
export async function apply(name: string, raw: RawConfig, record: ConnectRecord): Promise<ConnectRecord | null> {
  const [first, ...others] = await applyAll(name, raw, record)
  if (others.length > 0) throw new TypeError(`${name} made several records`)
  return first ?? null
}

/** The same, where the record goes on. */
export async function applyKept(name: string, raw: RawConfig, record: ConnectRecord): Promise<ConnectRecord> {
  const out = await apply(name, raw, record)
  if (out === null) throw new TypeError(`${name} dropped the record`)
  return out
}

/** A record of topic `t`; a struct brings its schema along. */
export function recordOf(
  value: Value,
  { topic = 't', schema = null, key = null }: { topic?: string; schema?: Schema | null; key?: Value } = {},
): ConnectRecord {
  const valueSchema = value instanceof Struct ? value.schema : schema
  return new ConnectRecord(topic, 0, null, key, valueSchema, value, null, NO_HEADERS, SINK)
}
