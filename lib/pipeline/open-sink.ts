/** Makes the stages of a sink task, and starts the sink. */
import type { Budget } from '../connect/budget.ts'
import type { SinkTask } from '../connect/plugin.ts'
import { parse } from '../connect/settings.ts'
import type { ByPartition } from '../kafka/consumer.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import { buildChain } from './chain.ts'
import { CommitStage } from './commit.ts'
import { ConsumeStage } from './consume.ts'
import { Counters } from './counters.ts'
import { ErrorPolicy } from './errors.ts'
import { FetchStage } from './fetch.ts'
import { beginAtKept, type KeptPositions } from './kept-positions.ts'
import { PutStage } from './put.ts'
import { rateLimit } from './rate-limit.ts'
import { RedriveStage } from './redrive.ts'
import { QUEUE_PARTITION } from './redrive-queue.ts'
import { BATCH_RECORDS, type SinkDeps, type SinkRun, SinkSpine } from './sink.ts'
import { openSinkDeadLetters } from './sink-dead-letters.ts'

/** Makes the pipeline and starts the sink. `ConfigError` for settings that can't be; retriable where it isn't there. */
export async function openSink(deps: SinkDeps, budget: Budget): Promise<SinkRun> {
  const { declaration, connector, task: number, log } = deps
  const settings = connectorSettings(deps.config, deps.worker)
  const taskConfig = parse(declaration.settings, deps.taskConfig)
  const kept = 'writer' in deps.positions ? deps.positions : null
  const assignment = assignmentOf(deps.positions)
  const chain = await buildChain(settings, deps.plugins, log)
  const counters = new Counters(log)
  const owner = { connector, task: number, scrub: deps.scrub ?? ((text: string) => text) }
  const letters = await openSinkDeadLetters(settings, deps.worker, owner, counters.meter, log)
  const asWriter = kept === null ? {} : { writer: kept.writer }
  const task = await declaration.start(taskConfig, { connector, task: number, assignment, log, ...asWriter }, budget)
  const positions = withoutQueue(await beginAt(deps, task, budget), deps)
  const errors = new ErrorPolicy(`${connector}-${number}`, settings.errors, counters, log, letters)
  const common = { task, class: declaration.class, errors, counters, log }
  const maxRecords = deps.maxRecords ?? BATCH_RECORDS
  const beforePut = async (time: Budget) => {
    await letters?.send(() => true)
    await letters?.flush(time)
  }
  const keeping = kept === null ? null : { assignment, beforePut }
  const put = new PutStage({ ...common, limit: rateLimit(settings.rateLimit), maxRecords, kept: keeping })
  const commit = new CommitStage(
    { ...common, kept: keeping && assignment, commit: (offsets) => deps.commit(offsets) },
    withQueue(positions, deps),
  )
  deps.consumer.assign(positions)
  const redrive = new RedriveStage(chain, errors, 'sink')
  const fetch = new FetchStage(deps, positions, counters)
  const consume = new ConsumeStage(chain, errors, deps.usedTopics ?? new Set())
  return new SinkSpine(deps, {
    task,
    chain,
    counters,
    errors,
    letters,
    redrive,
    fetch,
    consume,
    put,
    commit,
    maxRecords,
  })
}

function assignmentOf(positions: SinkDeps['positions']): KeptPositions['assignment'] {
  if ('writer' in positions) return positions.assignment
  return new Map([...positions].map(([topic, partitions]) => [topic, [...partitions.keys()]]))
}

async function beginAt({ positions, commit }: SinkDeps, task: SinkTask, budget: Budget): Promise<ByPartition<number>> {
  if (!('writer' in positions)) return positions
  try {
    return await beginAtKept(task, positions, commit, budget)
  } catch (error) {
    await task.stop()
    throw error
  }
}

/** The queue of the dead letters has a consumer of its own. */
function withoutQueue(positions: ByPartition<number>, { redrive }: SinkDeps): ByPartition<number> {
  return new Map([...positions].filter(([topic]) => topic !== redrive?.topic))
}

/** With the place in the queue of the dead letters. */
function withQueue(positions: ByPartition<number>, { redrive }: SinkDeps): ByPartition<number> {
  if (redrive === null || redrive === undefined) return positions
  return new Map([...positions, [redrive.topic, new Map([[QUEUE_PARTITION, redrive.position]])]])
}
