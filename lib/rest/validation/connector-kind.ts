/** What is asked of all sinks and of all sources beyond single settings. */
import type { Connector, SourceConnector } from '../../connect/plugin.ts'
import { parse, parseText, type RawConfig } from '../../connect/settings.ts'
import { compile } from '../../java/regular-expression.ts'
import { producerSettings } from '../../kafka/producer-settings.ts'
import { under } from '../../worker/connector-settings.ts'
import { keepsPositions, NO_BOUNDARIES } from '../../worker/guarantee.ts'
import type { ValidationDeps } from '../deps.ts'
import type { Findings } from './config-infos.ts'

/** Topics one way or the other, no dead letters into what is read, no group that is the worker's. */
export function checkSink(deps: ValidationDeps, raw: RawConfig, findings: Findings): void {
  const topics = (raw['topics'] ?? '').trim()
  const regex = (raw['topics.regex'] ?? '').trim()
  const both = (message: string): void => {
    findings.error('topics', message)
    findings.error('topics.regex', message)
  }
  if (topics !== '' && regex !== '') both('topics and topics.regex are mutually exclusive options, but both are set.')
  if (topics === '' && regex === '') both('Must configure one of topics or topics.regex')
  checkDeadLetters(topics, regex, raw, findings)
  checkGroup(deps, raw, findings)
}

function checkDeadLetters(topics: string, regex: string, raw: RawConfig, findings: Findings): void {
  const letters = (raw['errors.deadletterqueue.topic.name'] ?? '').trim()
  if (letters === '') return
  const list = parseText('topics', topics, 'list') as readonly string[]
  if (list.includes(letters))
    findings.error(
      'topics',
      `The DLQ topic '${letters}' may not be included in the list of topics ('topics=[${list.join(', ')}]') consumed by the connector`,
    )
  if (regex !== '' && findings.get('topics.regex')?.errors.length === 0 && compile(regex).matches(letters))
    findings.error(
      'topics.regex',
      `The DLQ topic '${letters}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
    )
}

function checkGroup(deps: ValidationDeps, raw: RawConfig, findings: Findings): void {
  const worker = deps.worker.settings['group.id']
  const key = 'consumer.override.group.id'
  const group = raw[key]
  if (typeof group === 'string') {
    findings.stranger(key, group)
    if (group === worker) findings.error(key, `Consumer group ${group} conflicts with Connect worker group ${worker}`)
  }
  const name = findings.get('name')
  if (name !== undefined && worker === `connect-${name.value}`)
    name.errors.push(
      `Consumer group for sink connector named ${name.value} conflicts with Connect worker group ${worker}`,
    )
}

/** `penstock.sink.exactly.once`: asked of a sink whose target can. */
export function checkKeptPositions(connector: Connector, raw: RawConfig, findings: Findings): void {
  const asked = findings.get('penstock.sink.exactly.once')
  if (asked === undefined || asked.errors.length > 0 || String(asked.value) !== 'true') return
  if (connector.kind === 'source')
    asked.errors.push('It is for sinks; of sources see exactly.once.support, which needs no setting of Penstock')
  else if (!orTrue(() => keepsPositions(connector, raw)))
    asked.errors.push(`${connector.class} can't keep its offsets in its target: it writes at least once`)
}

/** KIP-618: what the config asks of the connector, it has to be able to. */
export function checkSource(
  deps: ValidationDeps,
  connector: SourceConnector,
  raw: RawConfig,
  findings: Findings,
): void {
  const support = findings.get('exactly.once.support')
  if (support !== undefined && support.errors.length === 0 && String(support.value).toLowerCase() === 'required') {
    if (deps.worker.settings['exactly.once.source.support'].toLowerCase() !== 'enabled')
      support.errors.push('This worker does not have exactly-once source support enabled.')
    const answer = orTrue(() => connector.exactlyOnce(parse(connector.settings, raw), raw))
    if (answer === null) support.errors.push(NOT_TOLD)
    if (answer === false)
      support.errors.push('The connector does not support exactly-once semantics with the provided configuration.')
  }
  checkBoundary(deps, connector, raw, findings)
}

function checkBoundary(
  { worker }: ValidationDeps,
  connector: SourceConnector,
  raw: RawConfig,
  findings: Findings,
): void {
  const boundary = findings.get('transaction.boundary')
  if (boundary === undefined || boundary.errors.length > 0) return
  const kind = String(boundary.value).toLowerCase()
  if (kind === 'connector' && !definesBoundaries(connector, raw)) boundary.errors.push(NO_BOUNDARIES)
  const interval = findings.get('transaction.boundary.interval.ms')
  if (kind !== 'interval' || interval === undefined || interval.errors.length > 0) return
  const intervalMs = Number(interval.value ?? worker.settings['offset.flush.interval.ms'])
  const timeoutMs = transactionTimeout(worker, raw)
  if (timeoutMs !== null && intervalMs > timeoutMs)
    interval.errors.push(
      `Transactions of ${intervalMs} ms would be aborted by the broker after transaction.timeout.ms=${timeoutMs}: set a shorter interval, or a longer producer.override.transaction.timeout.ms`,
    )
}

/** Null where the client's settings are wrong: that is told by itself. */
function transactionTimeout(worker: ValidationDeps['worker'], raw: RawConfig): number | null {
  try {
    return producerSettings({ ...under('producer.', worker.raw), ...under('producer.override.', raw) })
      .transactionTimeoutMs
  } catch {
    return null
  }
}

function definesBoundaries(connector: SourceConnector, raw: RawConfig): boolean {
  if (connector.definesTransactionBoundaries === undefined) return false
  return orTrue(() => connector.definesTransactionBoundaries?.(parse(connector.settings, raw)) === true)
}

const NOT_TOLD =
  'The connector does not implement the API required for preflight validation of exactly-once source support. Please consult the documentation for the connector to determine whether it supports exactly-once semantics, and then consider reconfiguring the connector to use the value "requested" for this property (which will disable this preflight check and allow the connector to be created).'

/** True also where the connector's own settings are wrong: those errors are told by themselves. */
function orTrue<T>(ask: () => T): T | true {
  try {
    return ask()
  } catch {
    return true
  }
}
