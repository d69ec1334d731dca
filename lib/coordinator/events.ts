/** What brings a pass: events of the bus, wakes from the delay queue, the schedule, and failed invocations. */
import { ConnectError } from '../connect/errors.ts'
import type { TaskEvent } from '../worker/events.ts'
import type { CoordinatorDeps } from './deps.ts'
import { type Failures, pass, passOver, passOverAll, withTable } from './pass.ts'
import { letAllLeave } from './sink-members.ts'

/** The shapes of EventBridge, SQS and Lambda's failure destination, as far as they are looked at. */
export interface CoordinatorEvent {
  readonly 'detail-type'?: string
  readonly detail?: unknown
  readonly Records?: readonly { readonly body: string }[]
}

interface SliceDetail {
  readonly connector: string
  readonly task: number
  readonly epoch: number
}

interface FailureDetail {
  readonly requestContext: { readonly requestId: string }
  readonly requestPayload: TaskEvent
  readonly responsePayload?: { readonly errorMessage?: string; readonly errorType?: string } | null
}

const FAILURE = 'Lambda Function Invocation Result - Failure'

/** After this long, in ms, a pass is tried again that found Kafka or the table away. */
const AWAY_MS = 1_000

export async function handle(deps: CoordinatorDeps, event: CoordinatorEvent): Promise<void> {
  try {
    await bringPass(deps, event)
  } finally {
    await Promise.all(deps.beside)
  }
}

async function bringPass(deps: CoordinatorDeps, event: CoordinatorEvent): Promise<void> {
  if (event.Records !== undefined) {
    const wakes = event.Records.map((record) => (JSON.parse(record.body) as Wake).connectors)
    const names = new Set(wakes.flatMap((connectors) => connectors ?? []))
    if (wakes.includes(null)) await overAll(deps)
    else await over(deps, [...names], async () => mend(deps, await passOver(deps, names)))
    return
  }
  switch (event['detail-type']) {
    case 'connector.changed':
    case 'slice.ended': {
      const { connector } = event.detail as SliceDetail
      return over(deps, [connector], () => pass(deps, connector))
    }
    case 'heir.wanted': {
      const { connector, task, epoch } = event.detail as SliceDetail
      return over(deps, [connector], () => pass(deps, connector, { heirsWanted: [{ task, epoch }] }))
    }
    case 'custody.wanted':
      await over(deps, null, () => takeBack(deps))
      return overAll(deps)
    case 'cloud.stops':
      return over(deps, null, () => letAllLeave(deps))
    case FAILURE:
      return failed(deps, event.detail as FailureDetail)
    default:
      return overAll(deps)
  }
}

interface Wake {
  /** Null: all. */
  readonly connectors: readonly string[] | null
}

/** Whoever starts Penstock anew wants what was released. */
async function takeBack(deps: CoordinatorDeps): Promise<void> {
  await withTable(deps, async () => {
    await deps.state.statuses.catchUp()
    const { custody } = await deps.state.custody.get()
    if (custody.kind !== 'released') return
    deps.log.info('the connectors were released: taken back')
    await deps.state.custody.release(null)
  })
}

function overAll(deps: CoordinatorDeps): Promise<void> {
  return over(deps, null, async () => mend(deps, await passOverAll(deps)))
}

/** Those that failed for a reason that passes come again by themselves. */
async function mend(deps: CoordinatorDeps, failures: Failures): Promise<void> {
  const away = [...failures].filter(([, error]) => isAway(error)).map(([name]) => name)
  if (away.length > 0) await deps.events.wake(away, deps.clock() + AWAY_MS)
  const fatal = failures.values().find((error) => !isAway(error))
  if (fatal !== undefined) throw fatal
}

function isAway(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.kind === 'retriable'
}

/** Where Kafka is away for a moment, a wake comes back for it: Lambda's own retries come after a minute. */
async function over(
  deps: CoordinatorDeps,
  connectors: readonly string[] | null,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isAway(error)) throw error
    deps.log.warn('the pass could not be made: trying again', { connectors, error: error.message })
    await deps.events.wake(connectors, deps.clock() + AWAY_MS)
  }
}

/** The platform says that an invocation of the task function is over without a result. */
async function failed(deps: CoordinatorDeps, failure: FailureDetail): Promise<void> {
  const { connector, task, epoch } = failure.requestPayload
  const { requestId } = failure.requestContext
  const error = failure.responsePayload?.errorMessage ?? failure.responsePayload?.errorType ?? 'The invocation failed'
  deps.log.warn('a slice was cut off', { connector, task, epoch, requestId, error })
  await over(deps, [connector], async () => {
    await withTable(deps, () => deps.state.leases.markDead(connector, task, { epoch, requestId, error }))
    await pass(deps, connector)
  })
}
