/** One reconcile pass: observe, plan, act, and once more where an action changed what there is to see. */
import { TableGone } from '../state/table.ts'
import { act } from './act.ts'
import type { CoordinatorDeps } from './deps.ts'
import { type Hints, observe } from './observe.ts'
import { plan } from './plan.ts'

/** Task configs, fencing, invitations: three looks settle a connector; the rest is for writers that come between. */
const LOOKS = 8
const AT_ONCE = 8

/** Brings one connector nearer to what is wanted. Passes may overlap. */
export async function pass(deps: CoordinatorDeps, name: string, hints: Partial<Hints> = {}): Promise<void> {
  const full: Hints = { heirsWanted: hints.heirsWanted ?? [], partitions: hints.partitions ?? false }
  await withTable(deps, async () => {
    await deps.state.configs.catchUp()
    for (let look = 0; look < LOOKS; look++) {
      const sight = await observe(deps, name, full)
      const again = await act(deps, sight, plan(sight.seen))
      if (!again) return
    }
  })
}

/** All connectors: mends what events have missed. One that fails doesn't keep the others from their pass. */
export async function passOverAll(deps: CoordinatorDeps): Promise<void> {
  const views = await withTable(deps, async () => {
    await deps.state.configs.catchUp()
    await deps.state.statuses.catchUp()
    return deps.state.configs.views({ deleted: true })
  })
  const names = views.map((view) => view.name)
  const failures: Error[] = []
  const lane = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await pass(deps, name, { partitions: true }).catch((error: Error) => {
        deps.log.error('the pass over a connector failed', {
          connector: name,
          error: error.message,
          stack: error.stack,
        })
        failures.push(error)
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  if (failures[0] !== undefined) throw failures[0]
}

/** A lost table is made again from the topics, then the work goes on. */
export async function withTable<T>(deps: Pick<CoordinatorDeps, 'state' | 'log'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TableGone)) throw error
    deps.log.warn('the table is gone: making it again from the topics')
    await deps.state.rebuild()
    return work()
  }
}
