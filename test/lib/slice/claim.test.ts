import { beforeEach, describe, expect, test } from 'vitest'
import { claim, inherit } from '../../../lib/slice/claim.ts'
import type { TaskEvent } from '../../../lib/worker/events.ts'
import { by, connector, invited, leases, owned, sealOf, there, useLeases } from '../state/lease-fixture.ts'

useLeases()

const GENERATION = 5
const event = (epoch: number, heir = false): TaskEvent => ({ connector, task: 0, epoch, generation: GENERATION, heir })
const unannounced = () => new Promise<true>(() => {})
const claimant = (owner: string) => ({ owner, deadline: Date.now() + 20_000, sliceMs: 5_000 })

describe('an invocation', () => {
  test('delivered twice has one owner; the other copy leaves, and a failure report proves nothing any more', async () => {
    await invited()
    const copies = await Promise.all(['r/1', 'r/2'].map((owner) => claim(leases, event(1), claimant(owner))))
    expect(copies.filter((lease) => lease !== null)).toHaveLength(1)
    expect(await leases.markDead(connector, 0, { epoch: 1, requestId: 'r', error: 'killed' })).toBeNull()
  })

  test('of another generation leaves', async () => {
    await invited()
    expect(await claim(leases, { ...event(1), generation: GENERATION + 1 }, claimant('r/1'))).toBeNull()
    expect((await leases.get(connector, 0))?.state).toBe('invited')
  })

  test('that comes late, when a newer one was issued, leaves', async () => {
    await owned()
    expect(await claim(leases, event(0), claimant('old/1'))).toBeNull()
  })
})

describe('an heir', () => {
  const first = by(1)
  beforeEach(async () => {
    const lease = await owned({ ...first, deadline: Date.now() + 20_000, plannedEnd: Date.now() + 200 })
    there(await leases.inviteHeir(connector, 0, lease, Date.now()))
  })

  const registered = async () => {
    while ((await leases.get(connector, 0))?.heir?.owner == null) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  test('waits for the owner to seal, and has the lease then', async () => {
    const waiting = inherit(leases, event(2, true), claimant('heir/1'), unannounced)
    await registered()
    await leases.seal(connector, 0, sealOf(first, { end: { kind: 'again' } }))
    expect(await waiting).toMatchObject({
      passed: true,
      lease: { state: 'owned', owner: 'heir/1', epoch: 2, clean: true },
    })
  })

  test('is told before the seal, looks again, and has the lease after it alone', async () => {
    const told = Promise.withResolvers<true>()
    let listens = false
    const waiting = inherit(leases, event(2, true), claimant('heir/1'), () => {
      listens = true
      return told.promise
    })
    await expect.poll(() => listens).toBe(true)
    told.resolve(true)
    const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])
    expect(early).toBe('waits')
    await leases.seal(connector, 0, sealOf(first, { end: { kind: 'again' } }))
    expect(await waiting).toMatchObject({ passed: true, lease: { state: 'owned', owner: 'heir/1' } })
  })

  test('takes over from an owner that is reported dead', async () => {
    const waiting = inherit(leases, event(2, true), claimant('heir/1'), unannounced)
    await registered()
    const [requestId = ''] = first.owner.split('/')
    there(await leases.markDead(connector, 0, { epoch: 1, requestId, error: 'killed' }))
    expect(await waiting).toMatchObject({
      passed: false,
      lease: { state: 'owned', owner: 'heir/1', epoch: 2, clean: false },
    })
  })

  test('leaves when the owner is to stop', async () => {
    const waiting = inherit(leases, event(2, true), claimant('heir/1'), unannounced)
    await registered()
    await leases.want(connector, 0, there(await leases.get(connector, 0)), 'stop')
    expect(await waiting).toBeNull()
  })

  test('that comes after the seal claims what it was invited to', async () => {
    await leases.seal(connector, 0, sealOf(first, { end: { kind: 'again' } }))
    expect(await inherit(leases, event(2, true), claimant('heir/1'), unannounced)).toMatchObject({
      passed: false,
      lease: { state: 'owned', owner: 'heir/1' },
    })
  })
})
