/** What a function is given through its environment (docs/architecture.md, "What a function gets"). */
import { ConfigError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { openWorker, type Worker } from './settings.ts'

export interface Environment {
  readonly worker: Worker
  readonly table: string
  readonly bus: string
  /** The delay queue; the task and the REST function have none. */
  readonly queueUrl: string | null
  /** The task function's name; the coordinator's alone. */
  readonly taskFunction: string | null
  /** `worker_id` in statuses. */
  readonly workerId: string
  /** Under the local cloud: delays of less than a second. */
  readonly local: boolean
  /** Where the functions' log lines are, as `openLogs` takes it; the REST function's alone. */
  readonly logs: string | null
}

/** With the references of the worker's settings resolved. */
export async function environment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Environment> {
  return {
    worker: await openWorker(workerConfig(required(env, 'PENSTOCK_WORKER'))),
    table: required(env, 'PENSTOCK_TABLE'),
    bus: required(env, 'PENSTOCK_BUS'),
    queueUrl: env['PENSTOCK_QUEUE_URL'] ?? null,
    taskFunction: env['PENSTOCK_TASK_FUNCTION'] ?? null,
    workerId: env['PENSTOCK_WORKER_ID'] ?? 'penstock',
    local: env['PENSTOCK_LOCAL'] === '1',
    logs: env['PENSTOCK_LOGS'] ?? null,
  }
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (value === undefined || value === '')
    throw new ConfigError(`The environment variable ${name} is missing: deploy the function with the stack's settings`)
  return value
}

function workerConfig(text: string): RawConfig {
  try {
    return JSON.parse(text) as RawConfig
  } catch (cause) {
    throw new ConfigError('PENSTOCK_WORKER is not a JSON object of worker settings', cause)
  }
}
