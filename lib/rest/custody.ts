/** GET /penstock: who runs the connectors. /penstock/release gives them back to a Connect cluster, or takes them back. */
import type { Custody } from '../state/custody.ts'
import { accepted, type Call, ok, RestError, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { bool, described, integer, named, nullable, object, oneOf, type Static, text } from './schema.ts'

const STATE = named(
  'State',
  object({
    group: described('group.id, the Connect cluster', text),
    state: described('aside: others run the connectors, and Penstock waits', oneOf('running', 'aside', 'released')),
    since: described('epoch ms', nullable(integer)),
    because: nullable(text),
    complete: described('of a release: nothing runs any more, and the offsets are written', nullable(bool)),
  }),
)

type State = Static<typeof STATE>

export function custody(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock',
      summary: 'Who runs the connectors: Penstock, or a Connect cluster',
      answers: { 200: STATE },
      handle: async () => ok(await state(deps)),
    },
    {
      method: 'POST',
      path: '/penstock/release',
      summary: 'Stops all tasks and gives the connectors back to a Connect cluster',
      answers: { 202: STATE },
      async handle() {
        const { custody: now } = await deps.custody.get()
        if (now.kind !== 'released') await deps.custody.release({ at: deps.clock(), complete: false })
        await tell(deps)
        return accepted(await state(deps))
      },
    },
    {
      method: 'DELETE',
      path: '/penstock/release',
      summary: 'Takes the connectors back, once no worker is alive',
      answers: { 202: STATE },
      async handle() {
        const { custody: now } = await deps.custody.get()
        if (now.kind === 'released') await deps.custody.release(null)
        await tell(deps)
        return accepted(await state(deps))
      },
    },
  ]
}

async function state(deps: Deps): Promise<State> {
  const { custody: now } = await deps.custody.get()
  const group = deps.worker.settings['group.id']
  switch (now.kind) {
    case 'penstock':
      return { group, state: 'running', since: null, because: null, complete: null }
    case 'aside':
      return { group, state: 'aside', since: now.since, because: now.because, complete: null }
    case 'released':
      return { group, state: 'released', since: now.since, because: why(now), complete: now.complete }
    default:
      return now satisfies never
  }
}

/** The scheduled pass sees it where the event is lost. */
async function tell(deps: Deps): Promise<void> {
  try {
    await deps.events.emit({ type: 'custody.changed', detail: {} })
  } catch (error) {
    deps.log.warn('the coordinator could not be told', { error: (error as Error).message })
  }
}

/** What changes connectors is refused while a Connect cluster runs them: its leader writes the config topic by itself. */
export function refusingAside(deps: Deps, route: Route): Route['handle'] {
  if (route.method === 'GET' || !/^(\/penstock)?\/connectors/.test(route.path)) return (call) => route.handle(call)
  return async (call: Call) => {
    const now = await deps.custody.recently()
    if (now.kind !== 'penstock') throw new RestError(503, `Penstock stands aside: ${why(now)}`)
    return route.handle(call)
  }
}

/** For a connector's progress page; null where Penstock runs it. */
export function asideNote(now: Custody): string | null {
  return now.kind === 'penstock' ? null : `standing aside: ${why(now)}`
}

function why(now: Exclude<Custody, { kind: 'penstock' }>): string {
  if (now.kind === 'aside') return `${now.because}. Send changes there; Penstock goes on when they have left`
  const since = new Date(now.since).toISOString()
  return `the connectors were given back to the Connect cluster at ${since}; penstock release --undo takes them back`
}
