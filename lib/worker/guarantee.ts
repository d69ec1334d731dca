/** Which delivery guarantee a connector has: of sources as KIP-618 has it. */
import type { Connector, SinkConnector } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import { PENSTOCK_KEYS } from './penstock-keys.ts'
import type { Worker } from './settings.ts'

const SINK_KEY = 'penstock.sink.exactly.once'
const SINK_SETTING = { [SINK_KEY]: PENSTOCK_KEYS[SINK_KEY] }

/** A source whose offsets name exact positions has exactly-once, unless the worker's settings say otherwise. */
export function isExactlyOnce(worker: Worker, connector: Connector, config: RawConfig): boolean {
  if (connector.kind !== 'source') return false
  if (worker.settings['exactly.once.source.support'].toLowerCase() !== 'enabled') return false
  return connector.exactlyOnce(parse(connector.settings, config), config) ?? false
}

/** Whether a sink keeps its offsets in its target: where the connector can and the user says so. */
export function keepsPositions(connector: SinkConnector, config: RawConfig): boolean {
  if (connector.exactlyOnce === undefined || !parse(SINK_SETTING, config)[SINK_KEY]) return false
  return connector.exactlyOnce(parse(connector.settings, config))
}

export type Guarantee = 'exactly-once' | 'at-least-once'

/** What a connector promises as it is configured. `ConfigError` where its config is wrong. */
export function guaranteeOf(worker: Worker, connector: Connector, config: RawConfig): Guarantee {
  const exactly =
    connector.kind === 'sink' ? keepsPositions(connector, config) : isExactlyOnce(worker, connector, config)
  return exactly ? 'exactly-once' : 'at-least-once'
}

/** Connect's text for `transaction.boundary=connector` where the connector has no boundaries of its own. */
export const NO_BOUNDARIES =
  'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.'

/** The transactional id of a source task, as Connect's workers use it. */
export function transactionalId(worker: Worker, connector: string, task: number): string {
  return `${worker.settings['group.id']}-${connector}-${task}`
}
