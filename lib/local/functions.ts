/** The three functions as the local cloud runs them. */
import { join } from 'node:path'
import type { Worker } from '../worker/settings.ts'
import { FUNCTIONS, type FunctionName } from './bundle.ts'
import type { FunctionConfig } from './function-config.ts'

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

export function functionConfigs(folder: string, worker: Worker, endpoints: Endpoints): FunctionConfig[] {
  const environment = {
    PENSTOCK_WORKER: JSON.stringify(worker.raw),
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
    environment,
    ...capacity(name, worker),
  }))
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
        memory: 1024,
        timeout: worker.settings['penstock.slice.ms'] + DRAIN_MS,
        retries: 0,
        failureDestination: true,
        spare: 1,
      }
    default:
      return name satisfies never
  }
}
