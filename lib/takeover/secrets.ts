/** What configs refer to instead of saying it (KIP-297). Values are never looked up here. */
import type { RawConfig } from '../connect/settings.ts'
import { type Variable, variablesOf } from '../worker/config-variables.ts'

export interface SecretReference extends Variable {
  /** That refers to it. */
  readonly setting: string
}

export function secretReferences(config: RawConfig): SecretReference[] {
  return Object.entries(config).flatMap(([setting, value]) =>
    variablesOf(value ?? '').map((variable) => ({ setting, ...variable })),
  )
}
