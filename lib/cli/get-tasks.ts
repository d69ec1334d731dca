/** `penstock get tasks`. */
import type { ConnectorProgress, TaskProgress } from '../rest/penstock.ts'
import { expanded } from './get-connectors.ts'
import type { Selection } from './names.ts'
import { ago, type Cell, count, print, stateText, table } from './output.ts'
import { clientOf, type RemoteFlags } from './server.ts'

export async function getTasks(names: readonly string[], flags: RemoteFlags & Selection): Promise<void> {
  const client = await clientOf(flags)
  const [found, pages] = await Promise.all([
    expanded(client, names, flags),
    client.find<ConnectorProgress[]>('/penstock/connectors'),
  ])
  const progress = new Map(pages?.map((page) => [page.name, page.tasks]))
  const tasks = found.flatMap(({ status }) =>
    status.tasks.map((task) => {
      const own = progress.get(status.name)?.find(({ id }) => id === task.id) ?? null
      return { connector: status.name, ...task, progress: own }
    }),
  )
  const head = ['CONNECTOR', 'TASK', 'STATE', 'WORKER']
  const more = pages === null ? [] : ['READ', 'WRITTEN', 'LAG', 'COMMITTED', 'SLICES', 'RESTARTS']
  await print(flags.output, tasks, () =>
    table(
      [...head, ...more],
      tasks.map(({ connector, id, state, worker_id, progress: own }) => [
        ...[connector, id, stateText(state), worker_id],
        ...(own === null ? more.map(() => null) : progressCells(own)),
      ]),
      'No tasks',
    ),
  )
}

function progressCells({ counters, lag, lastCommit, slices, restarts }: TaskProgress): Cell[] {
  const committed = lastCommit === null ? null : `${ago(lastCommit)} ago`
  return [count(counters.read), count(counters.written), lag, committed, slices, restarts]
}
