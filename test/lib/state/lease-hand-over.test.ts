import { describe, expect, test } from 'vitest'
import type { Seal } from '../../../lib/state/leases.ts'
import {
  again,
  anotherConnector,
  by,
  connector,
  leases,
  owned,
  sealOf,
  there,
  useLeases,
  withHeir,
} from './lease-fixture.ts'

useLeases()

describe('heir', () => {
  test('is invited once, and only where a run is wanted', async () => {
    const lease = await owned()
    const both = await Promise.all([
      leases.inviteHeir(connector, 0, lease, 1),
      leases.inviteHeir(connector, 0, lease, 2),
    ])
    expect(both.filter((done) => done !== null)).toHaveLength(1)
    const other = { ...lease, task: 1 }
    await leases.restore({ ...other, wanted: 'stop' })
    expect(await leases.inviteHeir(connector, 1, other, 1)).toBeNull()
  })

  test('registers once', async () => {
    await withHeir(false)
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => leases.registerHeir(connector, 0, by(2, `r/${i}`))),
    )
    expect(all.filter((lease) => lease !== null)).toHaveLength(1)
  })

  test('that comes after the seal claims instead', async () => {
    const { owner, heir } = await withHeir(false)
    expect(await leases.seal(connector, 0, sealOf(owner))).toMatchObject({
      passedTo: null,
      lease: { state: 'invited', epoch: 2, owner: null, invitedAt: 200, heir: null, slices: 1, clean: true },
    })
    expect(await leases.registerHeir(connector, 0, heir)).toBeNull()
    expect(await leases.claim(connector, 0, heir)).toMatchObject({ state: 'owned', owner: heir.owner, clean: true })
  })

  test('does not get what the owner has left in doubt: the next owner knows of it', async () => {
    const { owner, heir, lease } = await withHeir()
    const sealed = there(await leases.seal(connector, 0, sealOf(owner, { clean: false })))
    expect(sealed).toMatchObject({ passedTo: null, lease: { state: 'sealed', epoch: 1, heir: null, clean: false } })
    expect(await leases.takeOver(connector, 0, { ...heir, after: lease })).toBeNull()
    expect(await leases.seal(connector, 0, sealOf(owner, { clean: false }))).toMatchObject({ passedTo: null })
    await leases.invite(connector, 0, { after: sealed.lease, epoch: 2, generation: 5, invitedAt: 300, restarts: 0 })
    expect(await leases.claim(connector, 0, by(2))).toMatchObject({ state: 'owned', clean: false })
  })

  test('is dropped only as it was seen', async () => {
    const { heir, lease } = await withHeir(false)
    await leases.registerHeir(connector, 0, heir)
    expect(await leases.dropHeir(connector, 0, lease)).toBeNull()
    const seen = there(await leases.get(connector, 0))
    expect(await leases.dropHeir(connector, 0, seen)).toMatchObject({ state: 'owned', epoch: 1, heir: null })
  })

  test('takes over from a dead owner, and is the one owner then', async () => {
    const { owner, heir, lease } = await withHeir()
    const dead = there(
      await leases.markDead(connector, 0, { epoch: 1, requestId: 'request-1', error: 'out of memory' }),
    )
    expect(dead.heir).toEqual(lease.heir)
    const over = await leases.takeOver(connector, 0, { ...heir, after: dead })
    expect(over).toMatchObject({
      state: 'owned',
      epoch: 2,
      owner: heir.owner,
      deadline: heir.deadline,
      heir: null,
      clean: false,
      restarts: 1,
    })
    expect(await leases.seal(connector, 0, sealOf(owner))).toBeNull()
    expect(await again(dead)).toBeNull()
  })

  test('does not take over where the owner has sealed, or somebody else is the heir', async () => {
    const { owner, heir, lease } = await withHeir()
    expect(await leases.takeOver(connector, 0, { ...heir, owner: 'someone/else', after: lease })).toBeNull()
    await leases.seal(connector, 0, sealOf(owner, { end: { kind: 'stopped' } }))
    expect(await leases.takeOver(connector, 0, { ...heir, after: lease })).toBeNull()
  })
})

describe('seal', () => {
  test('without an heir ends the slice', async () => {
    const claim = by(1)
    await owned(claim)
    const end = { kind: 'at', at: 12_345, idle: null } as const
    expect(await leases.seal(connector, 0, sealOf(claim, { end }))).toMatchObject({
      passedTo: null,
      lease: { state: 'sealed', epoch: 1, end, slices: 1, clean: true, progress: { read: 1 } },
    })
  })

  test('passes to a registered heir in the same write', async () => {
    const { owner, heir, lease } = await withHeir()
    const sealed = there(await leases.seal(connector, 0, sealOf(owner, { seen: lease })))
    expect(sealed.passedTo).toBe(heir.owner)
    expect(sealed.lease).toMatchObject({
      ...{ state: 'owned', epoch: 2, owner: heir.owner, deadline: heir.deadline, heir: null, clean: true, slices: 1 },
      end: { kind: 'again' },
    })
  })

  test('sees an heir that registered after the last look', async () => {
    const owner = by(1)
    const seen = await owned(owner)
    await leases.inviteHeir(connector, 0, seen, 200)
    const heir = by(2)
    await leases.registerHeir(connector, 0, heir)
    expect(there(await leases.seal(connector, 0, sealOf(owner, { seen }))).passedTo).toBe(heir.owner)
  })

  test('says to whom it passes before it does, and says so anew where that was not as last seen', async () => {
    const owner = by(1)
    const seen = await owned(owner)
    await leases.inviteHeir(connector, 0, seen, 200)
    const heir = by(2)
    await leases.registerHeir(connector, 0, heir)
    const said: unknown[] = []
    const announce: Seal['announce'] = async (next) => {
      said.push([next, (await leases.get(connector, 0))?.owner])
    }
    await leases.seal(connector, 0, sealOf(owner, { seen, announce }))
    const next = { epoch: heir.epoch, owner: heir.owner, deadline: heir.deadline }
    expect(said).toEqual([
      [null, owner.owner],
      [next, owner.owner],
    ])
  })

  test.each([
    ['stopped', { kind: 'stopped' }],
    ['failed', { kind: 'failed', error: { message: 'm', trace: 't', retriable: false } }],
    ['done', { kind: 'done' }],
  ] as const)('%s gives the lease to no heir', async (_, end) => {
    const { owner } = await withHeir()
    expect(await leases.seal(connector, 0, sealOf(owner, { end }))).toMatchObject({
      passedTo: null,
      lease: { state: 'sealed', epoch: 1, heir: null, end },
    })
  })

  test('gives it to no heir where a stop is wanted, even since the last look', async () => {
    const { owner, lease } = await withHeir()
    await leases.want(connector, 0, lease, 'stop')
    expect(await leases.seal(connector, 0, sealOf(owner, { seen: lease }))).toMatchObject({
      passedTo: null,
      lease: { state: 'sealed', wanted: 'stop', heir: null },
    })
  })

  test.each([
    ['idle', { kind: 'at', at: 5_000, idle: { since: 1, idleMs: 500, mark: null } }],
    ['done', { kind: 'done' }],
  ] as const)(
    '%s of itself counts as stopped where a stop is wanted, so that a restart is not lost',
    async (_, end) => {
      const owner = by(1)
      const lease = await owned(owner)
      await leases.want(connector, 0, lease, 'stop')
      expect(await leases.seal(connector, 0, sealOf(owner, { seen: lease, end }))).toMatchObject({
        lease: { state: 'sealed', end: { kind: 'stopped' } },
      })
    },
  )

  test('gives it to no heir whose own time is over', async () => {
    const owner = by(1)
    await leases.inviteHeir(connector, 0, await owned(owner), 200)
    await leases.registerHeir(connector, 0, { ...by(2), deadline: Date.now() - 1 })
    expect(there(await leases.seal(connector, 0, sealOf(owner))).lease.state).toBe('sealed')
  })

  test('counts restarts from the last progress', async () => {
    const first = by(1)
    await owned(first)
    const failed = { kind: 'failed', error: { message: 'm', trace: 't', retriable: true } } as const
    const { lease } = there(await leases.seal(connector, 0, sealOf(first, { end: failed, made: false })))
    await leases.setRestart(connector, 0, lease, { restarts: 4, nextRestart: 9 })
    const second = by(2)
    const waiting = there(await leases.get(connector, 0))
    expect(waiting).toMatchObject({ restarts: 4, nextRestart: 9 })
    await leases.invite(connector, 0, { after: waiting, epoch: 2, generation: 5, invitedAt: 1, restarts: 5 })
    await leases.claim(connector, 0, second)
    const kept = there(await leases.seal(connector, 0, sealOf(second, { end: failed, made: false })))
    expect(kept.lease.restarts).toBe(5)
    const third = by(3)
    await leases.invite(connector, 0, { after: kept.lease, epoch: 3, generation: 5, invitedAt: 1, restarts: 6 })
    await leases.claim(connector, 0, third)
    expect(there(await leases.seal(connector, 0, sealOf(third))).lease.restarts).toBe(0)
  })

  test('is refused to one that is not the owner, and happens once', async () => {
    const claim = by(1)
    await owned(claim)
    expect(await leases.seal(connector, 0, sealOf({ ...claim, owner: 'other/1' }))).toBeNull()
    await Promise.all([leases.seal(connector, 0, sealOf(claim)), leases.seal(connector, 0, sealOf(claim))])
    expect(there(await leases.get(connector, 0))).toMatchObject({ state: 'sealed', slices: 1 })
  })

  test('races of a seal with an heir that registers end in one owner', async () => {
    for (let round = 0; round < 10; round++) {
      anotherConnector()
      const { owner, heir } = await withHeir(false)
      const [registered, sealed] = await Promise.all([
        leases.registerHeir(connector, 0, heir),
        leases.seal(connector, 0, sealOf(owner)),
      ])
      const lease = there(await leases.get(connector, 0))
      expect(lease.epoch).toBe(2)
      if (registered === null) expect(lease.state).toBe('invited')
      else expect(lease).toMatchObject({ state: 'owned', owner: heir.owner })
      expect(there(sealed).passedTo).toBe(lease.owner)
    }
  })
})
