/** PUT /connectors/NAME/pause, resume, stop (KIP-875). */
import type { ConfigRecord, TargetState } from '../state/config-records.ts'
import { type Answer, accepted, noContent, notFound, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { decideAndWrite } from './write.ts'

export function targetState(deps: Deps): Route[] {
  const route = (verb: string, state: TargetState, summary: string, answer: Answer): Route => ({
    method: 'PUT',
    path: `/connectors/:name/${verb}`,
    summary,
    answers: { [answer.status]: null },
    handle: async ({ name }) => {
      await setState(deps, name, state)
      return answer
    },
  })
  return [
    route('pause', 'PAUSED', 'Pauses a connector: its tasks stand still', accepted()),
    route('resume', 'STARTED', 'Lets a paused or stopped connector go on', accepted()),
    route('stop', 'STOPPED', 'Stops a connector: it has no tasks then, and its offsets can be changed', noContent),
  ]
}

/** Nothing is written where the state is so already. A stopped connector has no tasks: its set of task configs is emptied. */
async function setState(deps: Deps, name: string, state: TargetState): Promise<void> {
  await decideAndWrite(deps, name, (view) => {
    if (view === null) throw notFound(`Unknown connector ${name}`)
    const records: ConfigRecord[] = []
    if (state === 'STOPPED' && view.tasks.length > 0) records.push({ kind: 'commit', connector: name, tasks: 0 })
    if (view.targetState !== state) records.push({ kind: 'target-state', connector: name, state })
    return records
  })
}
