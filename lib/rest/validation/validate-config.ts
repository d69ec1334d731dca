/**
 * Validation of a connector's config as a whole (`AbstractHerder.validateConnectorConfig`): the runtime's settings,
 * transforms and predicates, the connector's own, converters, client overrides, Penstock's.
 */
import { budget } from '../../connect/budget.ts'
import type { Connector } from '../../connect/plugin.ts'
import { check, parse, type RawConfig } from '../../connect/settings.ts'
import { PENSTOCK_KEYS } from '../../worker/penstock-keys.ts'
import { badRequest } from '../answer.ts'
import type { ValidationDeps } from '../deps.ts'
import { baseSettings } from './base-settings.ts'
import { addOverrides } from './client-overrides.ts'
import { type ConfigInfos, Findings } from './config-infos.ts'
import { checkSink, checkSource } from './connector-kind.ts'
import { addConverters, converterDefaults, resolveConverters } from './converters.ts'
import { addNested } from './nested-plugins.ts'

/** A connector's own check may look at its system for this long, in ms: below API Gateway's 30 s. */
const CHECK_MS = 20_000

/** An error that is answered with 400 where there is no connector to validate for. */
export async function validateConfig(deps: ValidationDeps, raw: RawConfig): Promise<ConfigInfos> {
  const type = raw['connector.class']
  if (type === undefined || type === null)
    throw badRequest(`Connector config ${mapText(raw)} contains no connector type`)
  const connector = await deps.registry.find('connector', type)
  const findings = new Findings()
  const base = baseSettings(connector.kind, connector.version, await converterDefaults(deps, raw))
  findings.add(base, check(base, raw))
  await resolveConverters(deps, raw, findings)
  await addNested(deps, raw, findings)
  if (connector.kind === 'sink') checkSink(deps, raw, findings)
  else checkSource(deps, connector, raw, findings)
  for (const [key, value] of Object.entries(raw))
    if (value === null) findings.error(key, 'Null value can not be supplied as the configuration value.')
  await addOwn(connector, raw, findings)
  await addConverters(deps, raw, findings)
  addOverrides(connector.kind, raw, findings)
  addPenstock(raw, findings)
  return findings.infos(type)
}

/** `RestError` 400 that lists all errors, in Connect's words. */
export async function requireValid(deps: ValidationDeps, raw: RawConfig): Promise<void> {
  const { configs, error_count } = await validateConfig(deps, raw)
  if (error_count === 0) return
  const errors = configs.flatMap(({ value }) => value.errors)
  throw badRequest(
    `Connector configuration is invalid and contains the following ${error_count} error(s):\n${errors.join('\n')}\n` +
      'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  )
}

/** The connector's own settings, and what it finds where each by itself is right. */
async function addOwn(connector: Connector, raw: RawConfig, findings: Findings): Promise<void> {
  const own = check(connector.settings, raw)
  findings.add(connector.settings, own)
  if (connector.validate === undefined || own.some(({ errors }) => errors.length > 0)) return
  using time = budget(CHECK_MS)
  const found = await connector.validate(parse(connector.settings, raw), raw, time)
  for (const [key, errors] of found) for (const error of errors) findings.error(key, error, raw[key])
}

/** Shown only where they are set: the answer stays Connect's. */
function addPenstock(raw: RawConfig, findings: Findings): void {
  const set = Object.entries(PENSTOCK_KEYS).filter(([key]) => raw[key] !== undefined)
  const settings = Object.fromEntries(set)
  findings.add(settings, check(settings, raw))
}

/** Java's text of a map; what could be a secret is hidden, as nobody knows yet which plugin the keys are for. */
function mapText(raw: RawConfig): string {
  const secret = /passw|secret|token|credential|jaas|sasl|access\.?key|private|auth/i
  const text = Object.entries(raw).map(([key, value]) => `${key}=${secret.test(key) ? '[hidden]' : value}`)
  return `{${text.join(', ')}}`
}
