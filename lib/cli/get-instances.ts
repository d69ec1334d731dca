/** `penstock get instances`: the local cloud's processes. */
import type { InstanceInfo } from '../local/instances-page.ts'
import { print, table } from './output.ts'
import { clientOf, type RemoteFlags } from './server.ts'

export async function getInstances(flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const instances = await client.get<InstanceInfo[]>('/penstock/instances')
  await print(flags.output, instances, () =>
    table(
      ['PID', 'FUNCTION', 'STATE', 'CONNECTOR', 'TASK', 'EPOCH'],
      instances.map((one) => [one.pid, one.function, one.state, one.connector, one.task, one.epoch]),
      'No instances',
    ),
  )
}
