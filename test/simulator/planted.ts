/** Bugs of the kind that the simulator is there for, each planted into the runtime's own source. */
export interface Planted {
  readonly name: string
  /** In `lib/`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const PLANTED: readonly Planted[] = [
  {
    name: 'a claim without its condition',
    file: 'state/leases.ts',
    from: "changes, all(equal('state', 'invited'), equal('epoch', epoch)))",
    to: "changes, equal('epoch', epoch))",
  },
  {
    name: 'a seal before the commit',
    file: 'slice/work.ts',
    from: 'clean = await drain(started, claimant.deadline)',
    to: 'void drain(started, claimant.deadline)',
  },
  {
    name: 'a lease longer than the timeout',
    file: 'slice/slice.ts',
    from: 'deadline: invocation.deadline,',
    to: 'deadline: invocation.deadline + 60_000,',
  },
  {
    name: 'a write after the seal',
    file: 'slice/slice.ts',
    from: 'await Promise.all([announce(next), worked.offsetsSealed])',
    to: 'setTimeout(() => announce(next), 100)',
  },
  {
    name: "a slice of a new generation that doesn't wait for the old one",
    file: 'coordinator/plan.ts',
    from: 'if (older.length > 0) return',
    to: 'if (older.length > 1_000) return',
  },
  {
    name: "a resume that trusts a seal without the topic's tail",
    file: 'state/source-offsets.ts',
    from: '    await state.readTo(ends)\n',
    to: '    if (usable.length === 0) await state.readTo(ends)\n',
  },
  {
    name: 'an heir that resumes before the drain',
    file: 'slice/claim.ts',
    from: 'await watch?.claimedBy(owner, waiting).catch(() => false)',
    to: 'true',
  },
  {
    name: 'a failed doubled copy taken for the owner',
    file: 'state/lease-transitions.ts',
    from: 'lease.doubled',
    to: 'false',
  },
  {
    name: 'an idle sink that starts at the end twice',
    file: 'slice/resume-sink.ts',
    from: '  if (due.length > 0) await sink.commit(due)\n',
    to: '',
  },
]
