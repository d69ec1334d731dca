/** Which delivery guarantee a connector has (KIP-618). */
import type { Connector } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { Worker } from './settings.ts'

/** A source whose offsets name exact positions has exactly-once, unless the worker's settings say otherwise. */
export function isExactlyOnce(worker: Worker, connector: Connector, config: RawConfig): boolean {
  if (connector.kind !== 'source') return false
  if (worker.settings['exactly.once.source.support'].toLowerCase() !== 'enabled') return false
  return connector.exactlyOnce(parse(connector.settings, config))
}

/** The transactional id of a source task, as Connect's workers use it. */
export function transactionalId(worker: Worker, connector: string, task: number): string {
  return `${worker.settings['group.id']}-${connector}-${task}`
}
