/** Kafka client settings of one connector (`connector.client.config.override.policy=All`): shown, never refused. */
import type { RawConfig } from '../../connect/settings.ts'
import { under } from '../../worker/connector-settings.ts'
import { type Client, clientDefinition } from './client-definitions.ts'
import type { Findings } from './config-infos.ts'

/** A sink produces where it has dead letters; a source consumes its offsets topic. Both make topics. */
export function addOverrides(kind: 'source' | 'sink', raw: RawConfig, findings: Findings): void {
  const clients: Client[] = kind === 'source' ? ['producer', 'admin', 'consumer'] : ['consumer', 'producer', 'admin']
  for (const client of clients) {
    const prefix = `${client}.override.`
    for (const [name, value] of Object.entries(under(prefix, raw))) {
      if (value === null || value === undefined) continue
      const definition = clientDefinition(client, name, prefix)
      const isSecret = definition?.type === 'PASSWORD' || (definition === null && /password|secret|jaas/i.test(name))
      findings.declare(prefix + name, definition, isSecret ? '[hidden]' : value)
    }
  }
}
