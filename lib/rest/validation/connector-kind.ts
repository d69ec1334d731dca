/** What is asked of all sinks and of all sources beyond single settings. */
import type { SourceConnector } from '../../connect/plugin.ts'
import { parse, parseText, type RawConfig } from '../../connect/settings.ts'
import { compile } from '../../java/regular-expression.ts'
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
      `The DLQ topic '${letters}' may not be included in the list of topics ('topics=${topics}') consumed by the connector`,
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
    if (!isExactlyOnce(connector, raw))
      support.errors.push('The connector does not support exactly-once semantics with the provided configuration.')
  }
  const boundary = findings.get('transaction.boundary')
  if (boundary !== undefined && boundary.errors.length === 0 && String(boundary.value).toLowerCase() === 'connector')
    boundary.errors.push(
      'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    )
}

/** True also where the connector's own settings are wrong: those errors are told by themselves. */
function isExactlyOnce(connector: SourceConnector, raw: RawConfig): boolean {
  try {
    return connector.exactlyOnce(parse(connector.settings, raw))
  } catch {
    return true
  }
}
