/** The settings that every connector has, in the order and groups and with the texts of `ConnectorConfig` (Kafka 4.3). */
import { ConfigError } from '../connect/errors.ts'
import { boolean, className, int, list, long, string, type Validator } from '../connect/settings.ts'
import { atLeast, oneOf } from '../connect/validators.ts'

const COMMON = { group: 'Common' } as const
const ERRORS = { group: 'Error Handling' } as const

/** `NonEmptyStringWithoutControlChars`. */
const connectorName: Validator = {
  allowed: 'non-empty string without ISO control characters',
  check(name, value) {
    if (typeof value !== 'string') return
    if (value === '') throw ConfigError.invalid(name, value, 'String may not be empty')
    const controls = [...value].map((char) => char.codePointAt(0) ?? 0).filter((c) => c < 32 || (c >= 127 && c < 160))
    if (controls.length > 0)
      throw ConfigError.invalid(
        name,
        value,
        `String may not contain control sequences but had the following ASCII chars: ${controls.join(', ')}`,
      )
  },
}

export function uniqueAliases(kind: string): Validator {
  return {
    allowed: `unique ${kind} aliases`,
    check(name, value) {
      if (value === null) throw ConfigError.invalid(name, value, 'entry must be non null')
      const aliases = value as readonly string[]
      if (new Set(aliases).size < aliases.length) throw ConfigError.invalid(name, value, 'Duplicate alias provided.')
    },
  }
}

const NONE: string | null = null

export const CONNECTOR_KEYS = {
  name: string({
    doc: 'Globally unique name to use for this connector.',
    importance: 'high',
    validator: connectorName,
    ...COMMON,
    order: 1,
    width: 'MEDIUM',
    displayName: 'Connector name',
  }),
  'connector.class': string({
    doc: 'Name or alias of the class for this connector, such as FileStreamSink.',
    importance: 'high',
    ...COMMON,
    order: 2,
    width: 'LONG',
    displayName: 'Connector class',
  }),
  'connector.plugin.version': string({
    doc: 'Version of the connector.',
    default: NONE,
    ...COMMON,
    order: 3,
    width: 'MEDIUM',
    displayName: 'Connector version',
  }),
  'tasks.max': int({
    doc: 'Maximum number of tasks to use for this connector.',
    importance: 'high',
    default: 1,
    validator: atLeast(1),
    ...COMMON,
    order: 4,
    width: 'SHORT',
    displayName: 'Tasks max',
  }),
  'tasks.max.enforce': boolean({
    doc: 'Whether a connector that makes more tasks than tasks.max fails. Deprecated.',
    importance: 'low',
    default: true,
    ...COMMON,
    order: 5,
    width: 'SHORT',
    displayName: 'Enforce tasks max',
  }),
  'key.converter': className({
    doc: "Converter class for keys. Default: the worker's.",
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 6,
    width: 'SHORT',
    displayName: 'Key converter class',
  }),
  'key.converter.plugin.version': string({
    doc: 'Version of the key converter.',
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 7,
    width: 'SHORT',
    displayName: 'Key converter version',
  }),
  'value.converter': className({
    doc: "Converter class for values. Default: the worker's.",
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 8,
    width: 'SHORT',
    displayName: 'Value converter class',
  }),
  'value.converter.plugin.version': string({
    doc: 'Version of the value converter.',
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 9,
    width: 'SHORT',
    displayName: 'Value converter version',
  }),
  'header.converter': className({
    doc: "HeaderConverter class for headers. Default: the worker's.",
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 10,
    width: 'SHORT',
    displayName: 'Header converter class',
  }),
  'header.converter.plugin.version': string({
    doc: 'Version of the header converter.',
    importance: 'low',
    default: NONE,
    ...COMMON,
    order: 11,
    width: 'SHORT',
    displayName: 'Header converter version',
  }),
  transforms: list({
    doc: 'Aliases for the transformations to be applied to records.',
    importance: 'low',
    default: [],
    validator: uniqueAliases('transformation'),
    group: 'Transforms',
    order: 12,
    width: 'LONG',
    displayName: 'Transforms',
  }),
  predicates: list({
    doc: 'Aliases for the predicates used by transformations.',
    importance: 'low',
    default: [],
    validator: uniqueAliases('predicate'),
    group: 'Predicates',
    order: 13,
    width: 'LONG',
    displayName: 'Predicates',
  }),
  'config.action.reload': string({
    doc: 'What to do when a value from an external configuration provider changes: none or restart.',
    importance: 'low',
    default: 'restart',
    validator: oneOf('none', 'restart'),
    ...COMMON,
    order: 14,
    width: 'MEDIUM',
    displayName: 'Reload Action',
  }),
  'errors.retry.timeout': long({
    doc: 'The longest time in ms that a failed operation is tried again. 0: no retries; -1: without end.',
    default: 0,
    ...ERRORS,
    order: 1,
    width: 'MEDIUM',
    displayName: 'Retry Timeout for Errors',
  }),
  'errors.retry.delay.max.ms': long({
    doc: 'The longest time in ms between two attempts.',
    default: 60_000,
    ...ERRORS,
    order: 2,
    width: 'MEDIUM',
    displayName: 'Maximum Delay Between Retries for Errors',
  }),
  'errors.tolerance': string({
    doc: "'none': any error fails the task; 'all': records that can't be handled are skipped.",
    default: 'none',
    validator: oneOf('none', 'all'),
    ...ERRORS,
    order: 3,
    width: 'SHORT',
    displayName: 'Error Tolerance',
  }),
  'errors.log.enable': boolean({
    doc: 'Whether each tolerated error is logged as well.',
    default: false,
    ...ERRORS,
    order: 4,
    width: 'SHORT',
    displayName: 'Log Errors',
  }),
  'errors.log.include.messages': boolean({
    doc: 'Whether the log names the record that failed.',
    default: false,
    ...ERRORS,
    order: 5,
    width: 'SHORT',
    displayName: 'Log Error Details',
  }),
} as const

/** A validator of a setting that may be left out. */
export function optional(validator: Validator): Validator {
  return { ...validator, check: (name, value) => (value === null ? undefined : validator.check(name, value)) }
}
