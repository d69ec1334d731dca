/** What a task's plugins get: its configs with their references resolved, within what connectors may reach. */
import { ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { Secrets } from '../observe/secrets.ts'
import { find } from '../registry.ts'
import { realConfig, requireFiles, secretsOf } from '../worker/real-config.ts'
import type { Worker } from '../worker/settings.ts'

export interface RealTask {
  readonly config: RawConfig
  readonly taskConfig: RawConfig
  /** How long the slice may go by them, in ms; infinite where nobody says, or where a change is to change nothing. */
  readonly ttlMs: number
  /** Why they can't be had: then the configs are as they are written, and the task can't start. */
  readonly failure: Error | null
}

const SHORTEST_MS = 1_000

/** `secrets` gets what was looked up, and the passwords. */
export async function realTask(
  worker: Worker,
  config: RawConfig,
  taskConfig: RawConfig,
  secrets: Secrets,
): Promise<RealTask> {
  try {
    const real = await realConfig(worker, config, { taskConfig })
    secrets.add(await secretsOf(worker, real, find))
    await requireFiles(worker, real, find)
    const reload = (real.config['config.action.reload'] ?? 'restart') === 'restart'
    const ttlMs = real.ttlMs === null || !reload ? Number.POSITIVE_INFINITY : Math.max(SHORTEST_MS, real.ttlMs)
    return { config: real.config, taskConfig: real.taskConfig ?? taskConfig, ttlMs, failure: null }
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    return { config, taskConfig, ttlMs: Number.POSITIVE_INFINITY, failure: error }
  }
}
