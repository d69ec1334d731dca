/** What the functions stand on, opened once per instance from its environment. */

import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { type Logger, logger } from '../observe/log.ts'
import { Secrets } from '../observe/secrets.ts'
import { openState, type State } from '../state/open.ts'
import { cluster } from './clusters.ts'
import { type Environment, environment } from './environment.ts'
import { type Events, events } from './events.ts'
import { type LogLevels, logLevels } from './log-levels.ts'

export interface Runtime {
  readonly env: Environment
  readonly events: Events
  readonly log: Logger
  readonly levels: LogLevels
  /** What no log, status or answer of this instance may show; it grows with what the instance looks up. */
  readonly secrets: Secrets
  /** The cluster of the worker's own topics, as an admin. */
  readonly admin: Cluster
  readonly state: State
}

let opened: Promise<Runtime> | undefined

/** An opening that failed is tried again by the next invocation. */
export function runtime(): Promise<Runtime> {
  opened ??= open()
  opened.catch(() => {
    opened = undefined
  })
  return opened
}

async function open(): Promise<Runtime> {
  const env = await environment()
  const admin = await cluster(clientSettings(env.worker.raw, 'admin').client)
  const state = openState({ cluster: admin, table: env.table, worker: env.worker })
  const secrets = new Secrets(env.worker.secrets)
  return {
    env,
    events: events(env),
    log: logger({}, { secrets }),
    levels: logLevels(state.loggers),
    secrets,
    admin,
    state,
  }
}
