/** Leases in a real table, one connector per test, and the short ways to a state. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Claim, createLeases, type Lease, type Leases, NO_PROGRESS, type Seal } from '../../../lib/state/leases.ts'
import { markWhole } from '../../../lib/state/log-positions.ts'
import type { Table } from '../../../lib/state/table.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'

export let dynamo: Dynamo
export let leases: Leases
export let connector: string
let table: Table

/** To be called once by a test file. */
export function useLeases(): void {
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
  beforeEach(anotherConnector)
}

export function anotherConnector(): void {
  connector = randomUUID()
}

const MINUTE = 60_000

export function by(epoch: number, owner = `request-${epoch}/nonce`): Claim {
  return { epoch, owner, deadline: Date.now() + MINUTE, plannedEnd: Date.now() + MINUTE / 2 }
}

export function sealOf(claim: Claim, more: Partial<Seal> = {}): Seal {
  const progress = { ...NO_PROGRESS, read: claim.epoch }
  return { epoch: claim.epoch, owner: claim.owner, end: { kind: 'again' }, progress, made: true, clean: true, ...more }
}

export async function invited(epoch = 1): Promise<Lease> {
  const next = { after: null, epoch, generation: 5, invitedAt: 100, restarts: 0 }
  return there(await leases.invite(connector, 0, next))
}

export async function owned(claim: Claim = by(1)): Promise<Lease> {
  await invited(claim.epoch)
  return there(await leases.claim(connector, 0, claim))
}

export async function withHeir(register = true): Promise<{ owner: Claim; heir: Claim; lease: Lease }> {
  const owner = by(1)
  const lease = there(await leases.inviteHeir(connector, 0, await owned(owner), 200))
  const heir = by(2)
  return { owner, heir, lease: register ? there(await leases.registerHeir(connector, 0, heir)) : lease }
}

export function there<T>(value: T | null): T {
  if (value === null) throw new Error('the transition did not take effect')
  return value
}

export function again(after: Lease): Promise<Lease | null> {
  return leases.invite(connector, 0, { after, epoch: after.epoch + 1, generation: 5, invitedAt: 300, restarts: 1 })
}
