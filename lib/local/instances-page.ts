/** `GET /penstock/instances`: the processes that run the functions, and what each is doing. */
import type { Lease, Leases } from '../state/leases.ts'
import type { TaskEvent } from '../worker/events.ts'
import type { FunctionName } from './bundle.ts'
import type { RunningInstance } from './lambda.ts'

export interface InstanceInfo {
  readonly pid: number
  readonly function: FunctionName
  /** Of a task's slice: whether it owns the task or waits for its owner's end. */
  readonly state: 'owner' | 'heir' | 'idle'
  readonly connector: string | null
  readonly task: number | null
  readonly epoch: number | null
  /** The running invocation's hard timeout, epoch ms. */
  readonly deadline: number | null
}

export async function instanceInfos(
  instances: readonly RunningInstance[],
  functionOf: (name: string) => FunctionName,
  leases: Leases,
): Promise<InstanceInfo[]> {
  return Promise.all(
    instances.map(async ({ functionName, instance }) => {
      const { pid, running } = instance
      const name = functionOf(functionName)
      const idle = {
        pid,
        function: name,
        connector: null,
        task: null,
        epoch: null,
        deadline: running?.deadline ?? null,
      }
      if (running === null || name !== 'task') return { ...idle, state: 'idle' as const }
      const event = JSON.parse(Buffer.from(running.payload).toString()) as TaskEvent
      const { connector, task, epoch } = event
      // A table that is lost just now: what the invocation was meant to be.
      const lease = await leases.get(connector, task).catch(() => null)
      return { ...idle, connector, task, epoch, state: stateOf(event, running.requestId, lease) }
    }),
  )
}

function stateOf(event: TaskEvent, requestId: string, lease: Lease | null): InstanceInfo['state'] {
  if (lease === null) return event.heir ? 'heir' : 'owner'
  if (lease.state === 'owned' && lease.owner?.startsWith(`${requestId}/`) === true) return 'owner'
  if (lease.heir?.owner?.startsWith(`${requestId}/`) === true) return 'heir'
  return 'idle'
}
