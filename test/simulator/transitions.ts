/** What a write has done to a lease (docs/architecture.md, "The lease"). */
import type { Lease } from '../../lib/state/lease.ts'
import type { Happening } from './coverage.ts'

/** Of one write; none for a heartbeat. Null: there is no lease. */
export function transitions(was: Lease | null, is: Lease | null): Happening[] {
  if (is === null) return ['removed']
  if (was === null) return [is.state === 'invited' ? 'invited, the first' : 'made again from the topic']
  const ofHeir = heirTransition(was, is)
  const found: (Happening | null)[] = [is.epoch > was.epoch ? next(was, is) : same(was, is), ofHeir]
  if (is.doubled && !was.doubled && is.epoch === was.epoch) found.push('doubled')
  if (is.wanted === 'stop' && was.wanted === 'run') found.push('stop wanted')
  if (is.nextRestart !== null && is.nextRestart !== was.nextRestart) found.push('restart waited for')
  if (is.slices > was.slices && !is.clean) found.push('sealed uncleanly')
  return found.filter((one) => one !== null)
}

function next(was: Lease, is: Lease): Happening {
  if (was.state === 'owned') {
    const isSeal = is.slices > was.slices
    if (is.state === 'owned') return isSeal ? 'sealed for the heir' : 'heir took over'
    return isSeal ? 'sealed for an heir on its way' : 'invited after the deadline'
  }
  if (is.state === 'owned') return 'heir took over'
  if (was.state === 'dead') return 'invited after a death'
  if (was.state === 'invited') return 'invited, unclaimed of an older generation'
  return was.end?.kind === 'failed' ? 'invited after a failure' : 'invited after a seal'
}

function same(was: Lease, is: Lease): Happening | null {
  if (is.state === was.state) return is.invitedAt === was.invitedAt ? null : 'invited again'
  switch (is.state) {
    case 'owned':
      return 'claimed'
    case 'sealed':
      return 'sealed for nobody'
    case 'dead':
      return was.state === 'invited' ? 'dead unclaimed' : 'dead'
    case 'invited':
      return null
    default:
      return is.state satisfies never
  }
}

function heirTransition(was: Lease, is: Lease): Happening | null {
  if (was.epoch !== is.epoch) return null
  if (was.heir === null) return is.heir === null ? null : 'heir invited'
  if (is.heir === null) return is.slices > was.slices ? null : 'heir dropped'
  return was.heir.owner === null && is.heir.owner !== null ? 'heir registered' : null
}
