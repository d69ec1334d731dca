/** Kafka Connect's metrics (4.3), but for those of what isn't here: a worker's process, a group's rebalances. */
import type { Sum } from '../../state/measures.ts'
import { connectMetric, type Metric, mean, one, said, type Value } from './metric.ts'
import type { ConnectorSight, NestedPlugin, TaskSight } from './sight.ts'

type TaskMetric = Metric<TaskSight>

const of =
  <S>(group: string) =>
  (attribute: string, help: string, value: Value<S>): Metric<S> =>
    connectMetric(group, attribute, help, (sight) => one(value(sight)))

/** Of tasks of one direction alone. */
const ofType =
  (type: 'source' | 'sink') =>
  (attribute: string, help: string, value: Value<TaskSight>): TaskMetric =>
    of<TaskSight>(`${type}-task-metrics`)(attribute, help, (sight) => (sight.type === type ? value(sight) : null))

const text = <S>(group: string, attribute: string, help: string, value: (sight: S) => string | null): Metric<S> =>
  connectMetric(group, attribute, help, (sight) => said(attribute.replaceAll('-', '_'), value(sight)))

const sum =
  (name: Sum): Value<TaskSight> =>
  ({ measures }) =>
    measures.sums[name]
const now =
  (value: Value<TaskSight>): Value<TaskSight> =>
  (sight) =>
    sight.active ? value(sight) : 0

const connector = of<ConnectorSight>('connect-worker-metrics')
const CONNECTOR = 'connector-metrics'

const inState = (state: ConnectorSight['state']): Value<ConnectorSight> => {
  return ({ tasks }) => tasks.filter((task) => task.state === state).length
}

export const CONNECTOR_METRICS: readonly Metric<ConnectorSight>[] = [
  text(CONNECTOR, 'connector-class', 'The class of the connector', (sight) => sight.class),
  text(CONNECTOR, 'connector-type', 'source or sink', ({ type }) => type),
  text(CONNECTOR, 'connector-version', 'The version of the connector', ({ version }) => version),
  text(CONNECTOR, 'status', 'The state of the connector, in small letters', ({ state }) => state.toLowerCase()),
  connector('connector-total-task-count', 'Tasks', ({ tasks }) => tasks.length),
  connector('connector-running-task-count', 'Tasks that are RUNNING', inState('RUNNING')),
  connector('connector-paused-task-count', 'Tasks that are PAUSED', inState('PAUSED')),
  connector('connector-failed-task-count', 'Tasks that are FAILED', inState('FAILED')),
  connector('connector-unassigned-task-count', 'Tasks that are UNASSIGNED', inState('UNASSIGNED')),
  connector('connector-destroyed-task-count', 'Tasks that are DESTROYED', inState('DESTROYED')),
  connector('connector-restarting-task-count', 'Tasks that are RESTARTING', inState('RESTARTING')),
]

const task = of<TaskSight>('connector-task-metrics')
const source = ofType('source')
const sink = ofType('sink')
const error = of<TaskSight>('task-error-metrics')
const startup = of<TaskSight>('connect-worker-metrics')
const TASK = 'connector-task-metrics'

const activeCounts = (direction: typeof source, prefix: 'source' | 'sink'): TaskMetric[] => [
  direction(`${prefix}-record-active-count`, 'Records that are read and not committed', ({ active, measures }) =>
    active ? measures.latest.activeNow : 0,
  ),
  direction(`${prefix}-record-active-count-avg`, 'The same, as a mean over polls', ({ measures: { sums } }) =>
    mean(sums.active, sums.polls),
  ),
  direction(
    `${prefix}-record-active-count-max`,
    'The same, at most in the last slice',
    ({ measures }) => measures.latest.activeMax,
  ),
]

const pluginText = (attribute: string, help: string): TaskMetric =>
  text(TASK, attribute, help, ({ plugins }) => plugins[attribute] ?? null)

const nestedText = (kind: 'transform' | 'predicate', what: 'class' | 'version', help: string): TaskMetric => {
  const attribute = `${kind}-${what}`
  const of: (sight: TaskSight) => readonly NestedPlugin[] = (sight) =>
    kind === 'transform' ? sight.transforms : sight.predicates
  return connectMetric(`connector-${kind}-metrics`, attribute, help, (sight) =>
    of(sight).map((plugin) => {
      return { labels: { [kind]: plugin.alias, [attribute.replace('-', '_')]: plugin[what] }, value: 1 }
    }),
  )
}

export const TASK_METRICS: readonly TaskMetric[] = [
  text(TASK, 'status', 'The state of the task, in small letters', ({ state }) => state.toLowerCase()),
  pluginText('task-class', 'The class of the task'),
  pluginText('task-version', 'The version of its connector'),
  pluginText('key-converter-class', 'The class of the key converter'),
  pluginText('value-converter-class', 'The class of the value converter'),
  pluginText('header-converter-class', 'The class of the header converter'),
  task('running-ratio', '1 while the task is RUNNING, else 0', ({ state }) => (state === 'RUNNING' ? 1 : 0)),
  task('pause-ratio', '1 while the task is PAUSED, else 0', ({ state }) => (state === 'PAUSED' ? 1 : 0)),
  task('batch-size-avg', 'Records that a poll or fetch brought, as a mean', ({ measures: { sums } }) =>
    mean(sums.polled, sums.polls),
  ),
  task('batch-size-max', 'The same, at most in the last slice', ({ measures }) => measures.latest.batchMax),
  task('offset-commit-avg-time-ms', 'The time of a commit of offsets, as a mean', ({ measures: { sums } }) =>
    mean(sums.commitMs, sums.commits),
  ),
  task(
    'offset-commit-max-time-ms',
    'The same, at most in the last slice',
    ({ measures }) => measures.latest.commitMaxMs,
  ),
  task('offset-commit-success-percentage', 'The share of commits that succeeded, 0 to 1', ({ measures: { sums } }) =>
    mean(sums.commits, sums.commits + sums.commitFailures),
  ),
  task('offset-commit-failure-percentage', 'The share of commits that failed, 0 to 1', ({ measures: { sums } }) =>
    mean(sums.commitFailures, sums.commits + sums.commitFailures),
  ),

  source('source-record-poll-total', 'Records that were polled, those that were polled again too', sum('polled')),
  source(
    'source-record-poll-rate',
    'The same per second, over the last minute',
    now(({ measures }) => measures.latest.readRate),
  ),
  source('source-record-write-total', 'Polled records of which all is acknowledged by Kafka', sum('written')),
  source(
    'source-record-write-rate',
    'The same per second, over the last minute',
    now(({ measures }) => measures.latest.writtenRate),
  ),
  source('poll-batch-avg-time-ms', 'The time of a poll that brought records, as a mean', ({ measures: { sums } }) =>
    mean(sums.pollMs, sums.polls),
  ),
  source('poll-batch-max-time-ms', 'The same, at most in the last slice', ({ measures }) => measures.latest.pollMaxMs),
  ...activeCounts(source, 'source'),
  source('transaction-size-avg', 'Records of a transaction, as a mean', ({ measures: { sums } }) =>
    mean(sums.transactionRecords, sums.transactions),
  ),
  source('transaction-size-min', 'The same, at least in the last slice', ({ measures: { sums, latest } }) =>
    sums.transactions === 0 ? null : latest.transactionMin,
  ),
  source('transaction-size-max', 'The same, at most in the last slice', ({ measures: { sums, latest } }) =>
    sums.transactions === 0 ? null : latest.transactionMax,
  ),

  sink('sink-record-read-total', 'Records that were read, those that were read again too', sum('polled')),
  sink(
    'sink-record-read-rate',
    'The same per second, over the last minute',
    now(({ measures }) => measures.latest.readRate),
  ),
  sink('sink-record-send-total', 'Records, after transforms, that the sink has taken', sum('written')),
  sink(
    'sink-record-send-rate',
    'The same per second, over the last minute',
    now(({ measures }) => measures.latest.writtenRate),
  ),
  sink(
    'sink-record-lag-max',
    'Records still to be read of the partition that has the most',
    ({ progress, measures }) => (progress.lag === null ? null : measures.latest.lagMax),
  ),
  sink('partition-count', "The task's partitions", ({ measures }) => measures.latest.partitions),
  sink('offset-commit-seq-no', 'Commits of offsets', sum('commits')),
  sink('offset-commit-completion-total', 'Commits of offsets that succeeded', sum('commits')),
  sink(
    'offset-commit-completion-rate',
    'The same per second, over the last minute',
    now(({ measures }) => measures.latest.commitRate),
  ),
  sink('offset-commit-skip-total', 'Commits that came too late to count: there are none', () => 0),
  sink('offset-commit-skip-rate', 'The same per second', () => 0),
  sink('put-batch-avg-time-ms', 'The time of a put, as a mean', ({ measures: { sums } }) =>
    mean(sums.putMs, sums.puts),
  ),
  sink('put-batch-max-time-ms', 'The same, at most in the last slice', ({ measures }) => measures.latest.putMaxMs),
  ...activeCounts(sink, 'sink'),

  error(
    'total-record-failures',
    'Operations on a record that failed, those that were tried again too',
    sum('failures'),
  ),
  error('total-record-errors', 'Records that failed for good', sum('errors')),
  error('total-records-skipped', 'Of them, those that errors.tolerance=all let go', sum('skipped')),
  error('total-retries', 'Operations that were tried again', sum('retries')),
  error('total-errors-logged', 'Errors that errors.log.enable has logged', sum('logged')),
  error('deadletterqueue-produce-requests', 'Records that were sent to the dead letter topic', sum('deadLetters')),
  error('deadletterqueue-produce-failures', 'Of them, those that it did not get', sum('deadLetterFailures')),
  error(
    'last-error-timestamp',
    'When a record last failed for good, epoch ms; 0 for never',
    ({ measures }) => measures.lastError,
  ),

  startup('task-startup-attempts-total', 'Slices of the task that were begun', ({ lease }) => lease?.epoch ?? 0),
  startup('task-startup-success-total', 'Slices that came to an end without a failure', ({ lease, measures }) =>
    Math.max(0, (lease?.slices ?? 0) - measures.sums.failed),
  ),
  startup('task-startup-failure-total', 'Slices that failed', sum('failed')),

  nestedText('transform', 'class', 'The class of a transform'),
  nestedText('transform', 'version', 'The version of a transform'),
  nestedText('predicate', 'class', 'The class of a predicate'),
  nestedText('predicate', 'version', 'The version of a predicate'),
]

export const WORKER_METRICS: readonly Metric<readonly ConnectorSight[]>[] = [
  of<readonly ConnectorSight[]>('connect-worker-metrics')('connector-count', 'Connectors', (all) => all.length),
  of<readonly ConnectorSight[]>('connect-worker-metrics')('task-count', 'Tasks', (all) =>
    all.reduce((count, { tasks }) => count + tasks.length, 0),
  ),
]
