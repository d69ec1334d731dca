import { describe, expect, test } from 'vitest'
import { createLeases, NO_PROGRESS } from '../../../lib/state/leases.ts'
import { TableGone } from '../../../lib/state/table.ts'
import {
  again,
  anotherConnector,
  by,
  connector,
  dynamo,
  invited,
  leases,
  owned,
  sealOf,
  there,
  useLeases,
  withHeir,
} from './lease-fixture.ts'

useLeases()

describe('invite', () => {
  test('makes a lease where there is none', async () => {
    const lease = await invited()
    expect(lease).toMatchObject({
      connector,
      task: 0,
      epoch: 1,
      generation: 5,
      state: 'invited',
      owner: null,
      clean: false,
    })
    expect(await leases.get(connector, 0)).toEqual(lease)
    expect(await leases.all(connector)).toEqual([lease])
  })

  test('one of 50 racing passes wins, with a lease before and without', async () => {
    const fresh = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        leases.invite(connector, 0, { after: null, epoch: 1, generation: 5, invitedAt: i, restarts: 0 }),
      ),
    )
    expect(fresh.filter((lease) => lease !== null)).toHaveLength(1)
    const sealed =
      there(await leases.claim(connector, 0, by(1))) && there(await leases.seal(connector, 0, sealOf(by(1))))
    const next = await Promise.all(Array.from({ length: 50 }, () => again(sealed.lease)))
    expect(next.filter((lease) => lease !== null)).toHaveLength(1)
  })

  test('after a clean end keeps counters, end and cleanness, and asks for a run again', async () => {
    const claim = by(1)
    await leases.want(connector, 0, await owned(claim), 'stop')
    const { lease } = there(await leases.seal(connector, 0, sealOf(claim, { end: { kind: 'stopped' } })))
    expect(await again(lease)).toMatchObject({
      ...{
        state: 'invited',
        epoch: 2,
        wanted: 'run',
        clean: true,
        slices: 1,
        owner: null,
        deadline: null,
        restarts: 1,
      },
      ...{ end: { kind: 'stopped' }, progress: { read: 1 } },
    })
  })

  test('after an overdue owner is unclean, and stays so until a seal', async () => {
    const first = there(await again(await owned()))
    expect(first.clean).toBe(false)
    const claim = by(2)
    expect(there(await leases.claim(connector, 0, claim)).clean).toBe(false)
    expect(there(await leases.seal(connector, 0, sealOf(claim))).lease.clean).toBe(true)
  })

  test('does nothing where the lease moved on since', async () => {
    const lease = await invited()
    await leases.claim(connector, 0, by(1))
    expect(await again(lease)).toBeNull()
    await expect(
      leases.invite(connector, 0, { after: lease, epoch: 1, generation: 5, invitedAt: 1, restarts: 0 }),
    ).rejects.toThrow(RangeError)
  })

  test('does nothing to an owner whose heir registered since', async () => {
    const { heir, lease } = await withHeir(false)
    await leases.registerHeir(connector, 0, heir)
    expect(await again(lease)).toBeNull()
  })

  test('makes none in a table whose leases are not restored yet', async () => {
    const fresh = dynamo.open(`fresh-${connector}`)
    await fresh.create()
    const next = { after: null, epoch: 1, generation: 5, invitedAt: 0, restarts: 0 }
    await expect(createLeases(fresh).invite(connector, 0, next)).rejects.toThrow(TableGone)
    fresh.close()
  })
})

describe('reissue', () => {
  test('renews an invitation once', async () => {
    const lease = await invited()
    const both = await Promise.all([leases.reissue(connector, 0, lease, 101), leases.reissue(connector, 0, lease, 102)])
    expect(both.filter((done) => done !== null)).toHaveLength(1)
    expect(there(await leases.get(connector, 0))).toMatchObject({ epoch: 1, state: 'invited' })
  })

  test('leaves a claimed one alone', async () => {
    const lease = await invited()
    await leases.claim(connector, 0, by(1))
    expect(await leases.reissue(connector, 0, lease, 101)).toBeNull()
  })
})

describe('claim', () => {
  test('has one winner among 50', async () => {
    await invited()
    const claims = await Promise.all(Array.from({ length: 50 }, (_, i) => leases.claim(connector, 0, by(1, `r/${i}`))))
    const winners = claims.filter((lease) => lease !== null)
    expect(winners).toHaveLength(1)
    expect(await leases.get(connector, 0)).toEqual(winners[0])
  })

  test('is for its own epoch only', async () => {
    await invited(3)
    expect(await leases.claim(connector, 0, by(2))).toBeNull()
    expect(await leases.claim(connector, 0, by(4))).toBeNull()
  })

  test('answers the same where its first answer was lost', async () => {
    const claim = by(1)
    const lease = await owned(claim)
    expect(await leases.claim(connector, 0, claim)).toEqual(lease)
  })
})

describe('heartbeat', () => {
  test("writes the owner's progress and shows what is wanted", async () => {
    const claim = by(1)
    const lease = await owned(claim)
    await leases.want(connector, 0, lease, 'stop')
    const progress = { ...NO_PROGRESS, read: 7, note: 'waiting' }
    const seen = await leases.heartbeat(connector, 0, { ...claim, plannedEnd: 123, progress, made: true })
    expect(seen).toMatchObject({ wanted: 'stop', plannedEnd: 123, progress: { read: 7, note: 'waiting' }, restarts: 0 })
  })

  test('of a slice that made progress ends the count of restarts', async () => {
    const claim = by(1)
    await leases.setRestart(connector, 0, await owned(claim), { restarts: 3, nextRestart: null })
    const beat = (made: boolean) => leases.heartbeat(connector, 0, { ...claim, progress: NO_PROGRESS, made })
    expect(there(await beat(false)).restarts).toBe(3)
    expect(there(await beat(true)).restarts).toBe(0)
  })

  test('is refused to others', async () => {
    await owned()
    const beat = { plannedEnd: 1, progress: NO_PROGRESS, made: false }
    expect(await leases.heartbeat(connector, 0, { epoch: 1, owner: 'other/1', ...beat })).toBeNull()
    expect(await leases.heartbeat(connector, 0, { epoch: 2, owner: by(1).owner, ...beat })).toBeNull()
  })
})

describe('markDead', () => {
  const failure = { epoch: 1, requestId: 'request-1', error: 'Runtime exited' }

  test("believes the report of the owner's own invocation", async () => {
    await owned()
    expect(await leases.markDead(connector, 0, { ...failure, requestId: 'request' })).toBeNull()
    expect(await leases.markDead(connector, 0, { ...failure, epoch: 0 })).toBeNull()
    expect(await leases.markDead(connector, 0, failure)).toMatchObject({
      state: 'dead',
      clean: false,
      end: { kind: 'failed', error: { message: 'Runtime exited', retriable: true } },
    })
  })

  test('of a doubled invocation proves nothing', async () => {
    await owned()
    await leases.markDoubled(connector, 0, 1)
    expect(await leases.markDead(connector, 0, failure)).toBeNull()
    expect(there(await leases.get(connector, 0)).state).toBe('owned')
  })

  test('frees an invitation that was never claimed', async () => {
    await invited()
    expect(await leases.markDead(connector, 0, { ...failure, epoch: 2 })).toBeNull()
    expect(await leases.markDead(connector, 0, failure)).toMatchObject({ state: 'dead' })
    expect(await leases.claim(connector, 0, by(1))).toBeNull()
  })

  test('drops the heir that failed, registered or not', async () => {
    const { heir } = await withHeir(false)
    const gone = { epoch: 2, requestId: 'request-2', error: 'x' }
    expect(await leases.markDead(connector, 0, gone)).toMatchObject({ state: 'owned', epoch: 1, heir: null })
    await leases.inviteHeir(connector, 0, there(await leases.get(connector, 0)), 300)
    await leases.registerHeir(connector, 0, heir)
    expect(await leases.markDead(connector, 0, { ...gone, requestId: 'other' })).toBeNull()
    expect(await leases.markDead(connector, 0, gone)).toMatchObject({ state: 'owned', heir: null })
  })

  test('spares an heir that was doubled, also once it owns', async () => {
    const { owner } = await withHeir()
    await leases.markDoubled(connector, 0, 2)
    const gone = { epoch: 2, requestId: 'request-2', error: 'x' }
    expect(await leases.markDead(connector, 0, gone)).toBeNull()
    expect(there(await leases.seal(connector, 0, sealOf(owner))).lease).toMatchObject({ epoch: 2, doubled: true })
    expect(await leases.markDead(connector, 0, gone)).toBeNull()
  })

  test('of a sealed slice changes nothing', async () => {
    const claim = by(1)
    await owned(claim)
    await leases.seal(connector, 0, sealOf(claim))
    expect(await leases.markDead(connector, 0, failure)).toBeNull()
  })
})

test('remove and restore', async () => {
  const lease = await invited()
  const claimed = there(await leases.claim(connector, 0, by(1)))
  expect(await leases.remove(connector, 0, lease)).toBe(false)
  expect(await leases.restore({ ...claimed, epoch: 9 })).toBe(false)
  expect(await leases.remove(connector, 0, claimed)).toBe(true)
  expect(await leases.restore({ ...claimed, epoch: 9 })).toBe(true)
  expect(await leases.get(connector, 0)).toEqual({ ...claimed, epoch: 9 })
})

test('a report of failure and a seal at the same time: one of them holds', async () => {
  for (let round = 0; round < 10; round++) {
    anotherConnector()
    const claim = by(1)
    await owned(claim)
    const [dead, sealed] = await Promise.all([
      leases.markDead(connector, 0, { epoch: 1, requestId: 'request-1', error: 'Runtime exited' }),
      leases.seal(connector, 0, sealOf(claim)),
    ])
    expect([dead === null, sealed === null].sort()).toEqual([false, true])
    expect(there(await leases.get(connector, 0)).state).toBe(dead === null ? 'sealed' : 'dead')
  }
})
