/**
 * Validation of a connector's config as a whole (`AbstractHerder.validateConnectorConfig`): the runtime's settings,
 * transforms and predicates, the connector's own, converters, client overrides, Penstock's.
 */
import { budget } from '../../connect/budget.ts'
import type { Connector } from '../../connect/plugin.ts'
import { check, parse, type RawConfig } from '../../connect/settings.ts'
import { Secrets } from '../../observe/secrets.ts'
import { hasVariables } from '../../worker/config-variables.ts'
import { PENSTOCK_KEYS } from '../../worker/penstock-keys.ts'
import { forbiddenFiles, type RealConfig, realConfig, secretsOf } from '../../worker/real-config.ts'
import { badRequest } from '../answer.ts'
import type { ValidationDeps } from '../deps.ts'
import { baseSettings, ownSettings } from './base-settings.ts'
import { addOverrides } from './client-overrides.ts'
import { type ConfigInfos, Findings } from './config-infos.ts'
import { checkKeptPositions, checkSink, checkSource } from './connector-kind.ts'
import { addConverters, converterDefaults, resolveConverters } from './converters.ts'
import { addNested } from './nested-plugins.ts'
import { versionMismatch } from './plugin-version.ts'

/** A connector's own check may look at its system for this long, in ms: below API Gateway's 30 s. */
const CHECK_MS = 20_000

/**
 * With references to config providers resolved, as Connect does; what they stand for is in no answer. An error that is
 * answered with 400 where there is no connector to validate for, or where a reference can't be resolved.
 */
export async function validateConfig(deps: ValidationDeps, written: RawConfig): Promise<ConfigInfos> {
  const real = await realConfig(deps.worker, written)
  const { config: raw } = real
  const type = raw['connector.class']
  if (type === undefined || type === null)
    throw badRequest(`Connector config ${mapText(written)} contains no connector type`)
  const connector = await deps.registry.find('connector', type)
  const mismatch = await versionMismatch(deps.registry, connector.class, raw['connector.plugin.version'])
  if (mismatch !== null) return otherVersion(type, connector, raw, mismatch)
  const forbidden = await forbiddenFiles(deps.worker, raw, deps.registry.find)
  const findings = new Findings()
  const base = baseSettings(connector.kind, connector.version, await converterDefaults(deps, raw))
  findings.add(base, check(base, raw))
  await resolveConverters(deps, raw, findings)
  await addNested(deps, raw, findings)
  if (connector.kind === 'sink') checkSink(deps, raw, findings)
  else checkSource(deps, connector, raw, findings)
  for (const [key, value] of Object.entries(raw))
    if (value === null) findings.error(key, 'Null value can not be supplied as the configuration value.')
  await addOwn(connector, raw, findings, forbidden.size === 0)
  await addConverters(deps, raw, findings)
  addOverrides(deps.worker.settings, connector.kind, raw, findings)
  addPenstock(raw, findings)
  checkKeptPositions(connector, raw, findings)
  for (const [key, error] of forbidden) findings.error(key, error, raw[key])
  return withoutSecrets(deps, written, real, findings.infos(type))
}

/** The connector of that version isn't there: of its settings there is nothing to say. */
function otherVersion(type: string, connector: Connector, raw: RawConfig, mismatch: string): ConfigInfos {
  if (!mismatch.startsWith('Plugin ')) throw badRequest(mismatch)
  const findings = new Findings()
  const base = baseSettings(null, connector.version)
  findings.add(base, check(base, raw))
  findings.error('connector.class', mismatch)
  findings.error('connector.plugin.version', mismatch)
  return findings.infos(type)
}

/** A value that was looked up is shown as the reference to it. */
async function withoutSecrets(
  { worker, registry }: ValidationDeps,
  written: RawConfig,
  real: RealConfig,
  infos: ConfigInfos,
): Promise<ConfigInfos> {
  if (real.values.length === 0 && infos.error_count === 0) return infos
  const secrets = new Secrets(await secretsOf(worker, real, registry.find))
  const configs = infos.configs.map(({ definition, value }) => {
    const text = written[value.name]
    const shown = hasVariables(text) && value.value !== null && definition?.type !== 'PASSWORD' ? text : value.value
    return { definition, value: { ...value, value: shown, errors: value.errors.map((error) => secrets.scrub(error)) } }
  })
  return { ...infos, configs }
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

/** The connector's own settings, and what it finds, where it may look, where each by itself is right. */
async function addOwn(connector: Connector, raw: RawConfig, findings: Findings, mayLook: boolean): Promise<void> {
  const settings = ownSettings(connector)
  const own = check(settings, raw)
  findings.add(settings, own)
  if (!mayLook || connector.validate === undefined || own.some(({ errors }) => errors.length > 0)) return
  using time = budget(CHECK_MS)
  const found = await connector.validate(parse(connector.settings, raw), raw, time)
  for (const [key, errors] of found) {
    if (key in settings) for (const error of errors) findings.error(key, error)
    else findings.tell(key, errors)
  }
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
