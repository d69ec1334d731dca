/** A write to the config topic: decided on what is there, again where others wrote meanwhile, then told to the coordinator. */
import { isDeepStrictEqual } from 'node:util'
import { pause } from '../connect/budget.ts'
import type { ConfigRecord } from '../state/config-records.ts'
import type { Expected, Origin } from '../state/configs.ts'
import { RestError } from './answer.ts'
import type { LiveView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { tableGone } from './lost-table.ts'

/** An intent of another writer is void after 5 s; attempts with up to 200 ms in between outlast it. */
const ATTEMPTS = 40
const LONGEST_PAUSE_MS = 200

/**
 * `decide` gets the connector as it is, null where there is none, and answers the records to write, in order; it
 * throws where the request can't be. It is asked again after a conflict. Answers what the last decision was made on.
 * `origin` is for the history of a config.
 */
export async function decideAndWrite(
  deps: Deps,
  name: string,
  decide: (view: LiveView | null) => readonly ConfigRecord[] | Promise<readonly ConfigRecord[]>,
  origin?: Origin,
): Promise<LiveView | null> {
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    await deps.configs.catchUp()
    const seen = await deps.configs.view(name)
    const live = seen === null || seen.config === null ? null : { ...seen, config: seen.config }
    const records = await decide(live)
    if (records.length === 0) return live
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
      return live
    }
    await pause(Math.random() * Math.min(10 * 2 ** tries, LONGEST_PAUSE_MS))
  }
  throw new RestError(409, `Connector ${name} is being changed by others without end; try again later`)
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
