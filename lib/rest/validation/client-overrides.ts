/** Kafka client settings of one connector, where the worker's policy lets them be overridden (KIP-458). */
import { parseText, type RawConfig, type SettingType } from '../../connect/settings.ts'
import { under } from '../../worker/connector-settings.ts'
import { overrideRefusal } from '../../worker/override-policy.ts'
import type { WorkerSettings } from '../../worker/settings.ts'
import { type Client, clientDefinition } from './client-definitions.ts'
import type { Findings } from './config-infos.ts'

/**
 * Of the clients that the connector has: a sink produces, and makes topics, where it has dead letters. As in Connect what
 * is no value of its type ends the validation: `ConfigError`.
 */
export function addOverrides(
  worker: WorkerSettings,
  kind: 'source' | 'sink',
  raw: RawConfig,
  findings: Findings,
): void {
  const hasDeadLetters = (raw['errors.deadletterqueue.topic.name'] ?? '').trim() !== ''
  const clients: Client[] = kind === 'source' || hasDeadLetters ? ['producer', 'consumer', 'admin'] : ['consumer']
  for (const client of clients) {
    const prefix = `${client}.override.`
    for (const [name, value] of Object.entries(under(prefix, raw))) {
      if (value === null || value === undefined) continue
      const definition = clientDefinition(client, name, prefix)
      if (definition !== null) parseText(prefix + name, value, definition.type.toLowerCase() as SettingType)
      const isSecret = definition?.type === 'PASSWORD' || (definition === null && /password|secret|jaas/i.test(name))
      findings.declare(prefix + name, definition, isSecret ? '[hidden]' : value)
      const refusal = overrideRefusal(worker, name)
      if (refusal !== null) findings.error(prefix + name, refusal)
    }
  }
}
