import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Claim, createLeases, type Lease, type Leases, NO_PROGRESS, type Seal } from '../../../lib/state/leases.ts'
import { markWhole } from '../../../lib/state/log-positions.ts'
import { type Table, TableGone } from '../../../lib/state/table.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'

let dynamo: Dynamo
let table: Table
let leases: Leases
let connector: string

beforeAll(async () => {
  dynamo = await startDynamo()
  table = dynamo.open('leases')
  await table.create()
  await markWhole(table, [])
  leases = createLeases(table)
})

afterAll(async () => {
  table.close()
  await dynamo.stop()
})

beforeEach(() => {
  connector = randomUUID()
})

const MINUTE = 60_000

function by(epoch: number, owner = `request-${epoch}/nonce`): Claim {
  return { epoch, owner, deadline: Date.now() + MINUTE, plannedEnd: Date.now() + MINUTE / 2 }
}

function sealOf(claim: Claim, more: Partial<Seal> = {}): Seal {
  const progress = { ...NO_PROGRESS, read: claim.epoch }
  return { epoch: claim.epoch, owner: claim.owner, end: { kind: 'again' }, progress, made: true, ...more }
}

async function invited(epoch = 1): Promise<Lease> {
  const next = { after: null, epoch, generation: 5, invitedAt: 100, restarts: 0 }
  return there(await leases.invite(connector, 0, next))
}

async function owned(claim: Claim = by(1)): Promise<Lease> {
  await invited(claim.epoch)
  return there(await leases.claim(connector, 0, claim))
}

async function withHeir(register = true): Promise<{ owner: Claim; heir: Claim; lease: Lease }> {
  const owner = by(1)
  const lease = there(await leases.inviteHeir(connector, 0, await owned(owner), 200))
  const heir = by(2)
  return { owner, heir, lease: register ? there(await leases.registerHeir(connector, 0, heir)) : lease }
}

function there<T>(value: T | null): T {
  if (value === null) throw new Error('the transition did not take effect')
  return value
}

function again(after: Lease): Promise<Lease | null> {
  return leases.invite(connector, 0, { after, epoch: after.epoch + 1, generation: 5, invitedAt: 300, restarts: 1 })
}

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

describe('seal', () => {
  test('without an heir ends the slice', async () => {
    const claim = by(1)
    await owned(claim)
    const end = { kind: 'at', at: 12_345 } as const
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
      connector = randomUUID()
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
