/** The three functions as the local cloud runs them. */
import { join } from 'node:path'
import type { RawConfig } from '../connect/settings.ts'
import type { TaskEvent } from '../worker/events.ts'
import type { Worker } from '../worker/settings.ts'
import { FUNCTIONS, type FunctionName } from './bundle.ts'
import type { FunctionConfig } from './function-config.ts'
import type { LocalWorker } from './worker-config.ts'

export const BUS = 'penstock'
export const QUEUE = 'penstock-wake'

/** Kept back of a slice's invocation for its drain. */
const DRAIN_MS = 10_000

/** Where the parts are that the functions speak to. */
export interface Endpoints {
  readonly dynamodb: string
  readonly lambda: string
  readonly bus: string
  readonly queue: string
  readonly queueUrl: string
  /** `host:port` of the REST API. */
  readonly workerId: string
  /** The folder of the functions' logs. */
  readonly logs: string
}

export function deployedName(name: FunctionName): string {
  return `penstock-${name}`
}

export function functionOf(deployed: string): FunctionName {
  const name = FUNCTIONS.find((one) => deployedName(one) === deployed)
  if (name === undefined) throw new Error(`There is no function ${deployed}`)
  return name
}

export function tableOf(worker: Worker): string {
  return `penstock-${worker.settings['group.id']}`
}

export function functionConfigs(
  folder: string,
  { worker, written }: LocalWorker,
  endpoints: Endpoints,
): FunctionConfig[] {
  const environment = {
    ...forProviders(written),
    PENSTOCK_WORKER: JSON.stringify(written),
    PENSTOCK_TABLE: tableOf(worker),
    PENSTOCK_BUS: BUS,
    PENSTOCK_QUEUE_URL: endpoints.queueUrl,
    PENSTOCK_TASK_FUNCTION: deployedName('task'),
    PENSTOCK_WORKER_ID: endpoints.workerId,
    PENSTOCK_LOCAL: '1',
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.bus,
    AWS_ENDPOINT_URL_SQS: endpoints.queue,
  }
  return FUNCTIONS.map((name) => ({
    name: deployedName(name),
    directory: join(folder, name),
    environment: name === 'rest' ? { ...environment, PENSTOCK_LOGS: endpoints.logs } : environment,
    ...capacity(name, worker),
  }))
}

/** What Node and Lambda read for themselves. */
const OWN = /^(?:NODE_|npm_|AWS_LAMBDA_|AWS_ENDPOINT_URL|LAMBDA_|PENSTOCK_|_|LD_)/

/** The user's variables where config providers look things up: credentials for AWS, VAULT_ADDR, what `env` refers to. */
function forProviders(written: RawConfig): Record<string, string> {
  if ((written['config.providers'] ?? '').trim() === '') return {}
  const users = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const passed = Object.fromEntries(users.filter(([name]) => !OWN.test(name)))
  // A profile counts where there are no keys, not those of the local cloud either.
  const byProfile = passed['AWS_PROFILE'] !== undefined && passed['AWS_ACCESS_KEY_ID'] === undefined
  return byProfile ? { ...passed, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } : passed
}

function capacity(name: FunctionName, worker: Worker): Omit<FunctionConfig, 'name' | 'directory' | 'environment'> {
  switch (name) {
    case 'rest':
      return { memory: 512, timeout: 30_000, concurrency: 8, keep: 1 }
    case 'coordinator':
      // Passes may overlap; more of them at once would only wait for the processor.
      return { memory: 512, timeout: 60_000, concurrency: 4, keep: 1 }
    case 'task':
      // Its failures bring a pass; the coordinator's own would bring its next failure. The spare instance takes the
      // load of the bundle off each start and each recovery.
      return {
        memory: 512,
        timeout: worker.settings['penstock.slice.ms'] + DRAIN_MS,
        retries: 0,
        failureDestination: true,
        spare: 1,
        logFields: ofTask,
      }
    default:
      return name satisfies never
  }
}

function ofTask(payload: Uint8Array): Pick<TaskEvent, 'connector' | 'task' | 'epoch'> {
  const { connector, task, epoch } = JSON.parse(Buffer.from(payload).toString()) as TaskEvent
  return { connector, task, epoch }
}
