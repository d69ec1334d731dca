/** How a source's topics are created (KIP-158): `topic.creation.groups`, `topic.creation.GROUP.*`. */
import { ConfigError } from '../connect/errors.ts'
import { int, list, parse, type RawConfig, short, type Validator } from '../connect/settings.ts'
import { validRegex } from '../java/regex-validator.ts'

export interface TopicGroup {
  readonly name: string
  /** Regular expressions (Java's) over whole topic names; those of `exclude` win. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly partitions: number
  /** Topic configs as they are given to the broker: `cleanup.policy`, ... */
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicCreation {
  /** In the order in which they are tried; the default group, which matches all, is the last. */
  readonly groups: readonly TopicGroup[]
}

function positiveOr(why: string): Validator {
  return {
    allowed: "Positive number, or -1 to use the broker's default",
    check(name, value) {
      if (value !== -1 && (value as number) < 1) throw ConfigError.invalid(name, value, why)
    },
  }
}

const regexes: Validator = {
  allowed: 'valid regular expressions',
  check(name, value) {
    for (const text of value as readonly string[]) validRegex.check(name, text)
  },
}

const PARTITIONS = {
  doc: "The partitions of a new topic; -1 for the broker's default.",
  validator: positiveOr("Number of partitions must be positive, or -1 to use the broker's default"),
}
const REPLICATION = {
  doc: "The replication factor of a new topic; -1 for the broker's default.",
  validator: positiveOr(
    "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
  ),
}
const DEFAULT_GROUP = { 'replication.factor': short(REPLICATION), partitions: int(PARTITIONS) } as const

/** Null where the connector says nothing of topic creation: topics are then left to the broker. */
export function topicCreation(groups: readonly string[], raw: RawConfig): TopicCreation | null {
  const used = Object.entries(raw).some(([key, value]) => key.startsWith('topic.creation.') && value !== null)
  if (!used) return null
  const fallback = group('default', raw, null)
  const named = groups.filter((name) => name !== '' && name !== 'default')
  return { groups: [...named.map((name) => group(name, raw, fallback)), fallback] }
}

function group(name: string, raw: RawConfig, fallback: TopicGroup | null): TopicGroup {
  const prefix = `topic.creation.${name}.`
  const own = Object.entries(raw).flatMap(([key, value]) =>
    key.startsWith(prefix) && value !== null && value !== undefined ? [[key.slice(prefix.length), value] as const] : [],
  )
  const settings = fallback === null ? defaults() : inherited(fallback)
  const { include, exclude, partitions, 'replication.factor': replicationFactor } = named(prefix, settings, own)
  const configs = Object.fromEntries(own.filter(([key]) => !(key in settings)))
  return { name, include, exclude, replicationFactor, partitions, configs }
}

function defaults() {
  const include = list({ doc: 'Topics of this group.', default: ['.*'], validator: regexes })
  const exclude = list({ doc: 'Topics that are not of this group.', default: [], validator: regexes })
  return { include, exclude, ...DEFAULT_GROUP } as const
}

function inherited(fallback: TopicGroup) {
  return {
    include: list({ doc: 'Topics of this group.', validator: regexes }),
    exclude: list({ doc: 'Topics that are not of this group.', default: [], validator: regexes }),
    'replication.factor': short({ ...REPLICATION, default: fallback.replicationFactor }),
    partitions: int({ ...PARTITIONS, default: fallback.partitions }),
  } as const
}

/** Parses, and names the settings in errors as the user wrote them. */
function named(
  prefix: string,
  settings: ReturnType<typeof defaults> | ReturnType<typeof inherited>,
  own: readonly (readonly [string, string])[],
): { include: readonly string[]; exclude: readonly string[]; partitions: number; 'replication.factor': number } {
  const full = Object.fromEntries(Object.entries(settings).map(([key, setting]) => [prefix + key, setting]))
  const config = parse(full, Object.fromEntries(own.map(([key, value]) => [prefix + key, value])))
  const get = (key: string) => config[prefix + key]
  return {
    include: get('include') as readonly string[],
    exclude: get('exclude') as readonly string[],
    partitions: get('partitions') as number,
    'replication.factor': get('replication.factor') as number,
  }
}
