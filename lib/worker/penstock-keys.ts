/** Penstock's own settings of a connector. */
import { boolean, int, long, short, string } from '../connect/settings.ts'
import { atLeast, between } from '../connect/validators.ts'
import { optional } from './connector-keys.ts'

/** Penstock's own. Null: as the worker has it. A JVM worker ignores them. */
export const PENSTOCK_KEYS = {
  'penstock.slice.ms': long({
    doc: 'The length of a slice, in ms.',
    default: null as number | null,
    validator: optional(between(1_000, 840_000)),
  }),
  'penstock.idle.max.ms': long({
    doc: 'How seldom an idle task looks, in ms.',
    default: null as number | null,
    validator: optional(atLeast(10)),
  }),
  'penstock.rate.limit': long({
    doc: 'Records per second of a task; -1 for no limit.',
    default: null as number | null,
  }),
  'penstock.rate.limit.bytes': long({
    doc: 'Bytes per second of a task, those of keys and values; -1 for no limit.',
    default: null as number | null,
  }),
  'penstock.restart.max.attempts': int({
    doc: 'Restarts of a failed task without progress between them; -1 for no end.',
    default: null as number | null,
    validator: optional(atLeast(-1)),
  }),
  'penstock.restart.delay.ms': long({
    doc: 'Delay before the first restart of a failed task, in ms; doubles with each.',
    default: null as number | null,
    validator: optional(atLeast(0)),
  }),
  'penstock.restart.delay.max.ms': long({
    doc: 'The longest delay between restarts, in ms.',
    default: null as number | null,
    validator: optional(atLeast(0)),
  }),
  'penstock.stall.restart.ms': long({
    doc: 'After how long a task that moves nothing is ended and started again, in ms; -1 for never.',
    default: null as number | null,
    validator: optional(atLeast(-1)),
  }),
  'penstock.sink.exactly.once': boolean({
    doc: 'Of a sink: its offsets are kept in its target, in one transaction with what it writes. Refused where the target has no transactions.',
    default: false,
  }),
  'penstock.errors.deadletterqueue.topic.name': string({
    doc: "Topic of a source's dead letters; blank: none are written.",
    default: '',
  }),
  'penstock.errors.deadletterqueue.topic.replication.factor': short({
    doc: 'Its replication factor, where it is created.',
    default: 3,
  }),
  'penstock.errors.deadletterqueue.context.headers.enable': boolean({
    doc: 'Whether these dead letters carry headers that tell the error.',
    default: false,
  }),
} as const
