/** Which settings of Kafka clients a connector may override (KIP-458, KIP-722, KIP-1188). */
import { ConfigError } from '../connect/errors.ts'
import type { RawConfig, Validator } from '../connect/settings.ts'
import type { Worker, WorkerSettings } from './settings.ts'

const POLICIES = ['All', 'None', 'Principal', 'Allowlist'] as const
type Policy = (typeof POLICIES)[number]

const PRINCIPAL = ['sasl.jaas.config', 'sasl.mechanism', 'security.protocol']

export const overridePolicy: Validator = {
  allowed: `[${POLICIES.join(', ')}]`,
  check(name, value) {
    if (policyOf(String(value)) === undefined)
      throw ConfigError.invalid(
        name,
        value,
        `Expected one of ${POLICIES.join(', ')}: classes of your own are not loaded here`,
      )
  },
}

/** By alias or by class, as a worker's plugins are named. */
function policyOf(text: string): Policy | undefined {
  const simple = text.slice(text.lastIndexOf('.') + 1)
  return POLICIES.find((policy) => simple === policy || simple === `${policy}ConnectorClientConfigOverridePolicy`)
}

/** Kafka's text where the policy doesn't let the client's setting be overridden; null where it does. */
export function overrideRefusal(settings: WorkerSettings, name: string): string | null {
  const policy = policyOf(settings['connector.client.config.override.policy']) ?? 'None'
  if (isAllowed(settings, policy, name)) return null
  return `The '${policy}' policy does not allow '${name}' to be overridden in the connector configuration.`
}

function isAllowed(settings: WorkerSettings, policy: Policy, name: string): boolean {
  switch (policy) {
    case 'All':
      return true
    case 'None':
      return false
    case 'Principal':
      return PRINCIPAL.includes(name)
    case 'Allowlist':
      return settings['connector.client.config.override.allowlist'].includes(name)
    default:
      return policy satisfies never
  }
}

/** Of a client's overrides, without their prefix; as of a config that is older than the policy. Null where all may be. */
export function overrideFailure({ settings }: Worker, connector: string, overrides: RawConfig): ConfigError | null {
  const refusals = Object.keys(overrides).flatMap((name) => overrideRefusal(settings, name) ?? [])
  if (refusals.length === 0) return null
  return new ConfigError(`Connector ${connector}: Client Config Overrides not allowed. ${refusals.join(' ')}`)
}
