/** A write to the config topic: decided on what is there, again where others wrote meanwhile, then told to the coordinator. */
import { isDeepStrictEqual } from 'node:util'
import { pause } from '../connect/budget.ts'
import type { ConfigRecord } from '../state/config-records.ts'
import type { ConnectorView, Expected, Origin } from '../state/configs.ts'
import { RestError } from './answer.ts'
import type { LiveView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { tableGone } from './lost-table.ts'

/** An intent of another writer is void after 5 s; attempts with up to 200 ms in between outlast it. */
const ATTEMPTS = 40
const LONGEST_PAUSE_MS = 200

/** As often a decision is made on what this process knows; the write says whether that was so. */
const GUESSES = 2

type Decide = (view: LiveView | null) => readonly ConfigRecord[] | Promise<readonly ConfigRecord[]>

/**
 * `decide` gets the connector as it is, without statuses, null where there is none, and answers the records to write, in
 * order; it throws where the request can't be. It may be asked several times. Answers what the last decision was made on.
 * `origin` is for the history of a config.
 */
export async function decideAndWrite(
  deps: Deps,
  name: string,
  decide: Decide,
  origin?: Origin,
): Promise<LiveView | null> {
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    const { seen, records } =
      (tries < GUESSES ? await guess(deps, name, decide) : null) ?? (await look(deps, name, decide))
    if (records.length === 0) return live(seen)
    const expected: Expected =
      seen === null
        ? { configPosition: null }
        : {
            configPosition: seen.configPosition,
            targetPosition: seen.targetPosition,
            generation: seen.generation,
          }
    if ((await attempt(deps, name, expected, records, origin)) === 'written') {
      await tellChanged(deps, name)
      return live(seen)
    }
    await pause(Math.random() * Math.min(10 * 2 ** tries, LONGEST_PAUSE_MS))
  }
  throw new RestError(409, `Connector ${name} is being changed by others without end; try again later`)
}

interface Decision {
  readonly seen: ConnectorView | null
  readonly records: readonly ConfigRecord[]
}

/** Null where it comes to no write: what the user is told then must be so. */
async function guess({ configs }: Deps, name: string, decide: Decide): Promise<Decision | null> {
  const seen = configs.known(name)
  try {
    const records = await decide(live(seen))
    return records.length === 0 ? null : { seen, records }
  } catch {
    return null
  }
}

async function look({ configs }: Deps, name: string, decide: Decide): Promise<Decision> {
  await configs.catchUp()
  const seen = await configs.view(name)
  return { seen, records: await decide(live(seen)) }
}

function live(view: ConnectorView | null): LiveView | null {
  return view === null || view.config === null ? null : { ...view, config: view.config }
}

/** A table that is lost between the topic and the views leaves open what was written: the views made anew tell. */
async function attempt(
  deps: Deps,
  name: string,
  expected: Expected,
  records: readonly ConfigRecord[],
  origin: Origin | undefined,
): Promise<'written' | 'conflict'> {
  try {
    return await deps.configs.write(name, expected, records, origin)
  } catch (error) {
    if (!(error instanceof (await tableGone()))) throw error
    await deps.rebuild()
    const view = await deps.configs.view(name)
    const config = records.find((record) => record.kind === 'connector')?.config
    const isWritten =
      config !== undefined &&
      (view?.configPosition ?? -1) > (expected.configPosition ?? -1) &&
      isDeepStrictEqual(view?.config ?? null, config)
    return isWritten ? 'written' : 'conflict'
  }
}

/** The write stands without it: what an event doesn't bring, the scheduled pass does within a minute. */
export async function tellChanged(deps: Deps, connector: string): Promise<void> {
  try {
    await deps.events.emit({ type: 'connector.changed', detail: { connector } })
  } catch (error) {
    const { message } = error as Error
    deps.log.warn('the coordinator could not be told of a change; its scheduled pass will see it', {
      connector,
      error: message,
    })
  }
}
