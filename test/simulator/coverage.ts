/**
 * What must happen in many worlds taken together: what never does, no world says anything about. Counted as it happens.
 */
const HAPPENINGS = {
  faults: [
    'instance killed',
    'instance frozen',
    'instance timed out',
    'instance ended itself',
    'machine stood still',
    'clocks differ',
    'message lost',
    'message doubled',
    'message delayed',
    'invocation doubled',
    'copy reported as failed',
    'passes at once',
    'pass without memory',
    'table refused',
    "table's answer lost",
    'table dropped',
    'broker away',
    'request late',
    'marker late',
  ],
  changes: [
    'connector paused',
    'connector stopped',
    'connector deleted',
    'connector created again',
    'connector resumed',
    'tasks changed',
    'partitions added',
    'write conflicted',
  ],
  transitions: [
    'invited, the first',
    'invited after a seal',
    'invited after a failure',
    'invited after a death',
    'invited after the deadline',
    'invited, unclaimed of an older generation',
    'invited again',
    'claimed',
    'heir invited',
    'heir registered',
    'heir dropped',
    'heir took over',
    'sealed for nobody',
    'sealed for the heir',
    'sealed for an heir on its way',
    'sealed uncleanly',
    'dead',
    'dead unclaimed',
    'doubled',
    'stop wanted',
    'restart waited for',
    'removed',
    'made again from the topic',
  ],
  checks: [
    'one owner of a task',
    'one generation at a time',
    'sent by the owner, before its end',
    'epoch only grows',
    'deadline is the timeout',
    'sealed after the commit',
    'end published before the seal',
    'goes on from the last commit',
    'exactly-once rows',
    'at-least-once rows',
    'rows twice, where they may be',
    "sink's records",
    'nothing runs that is not to',
    'zombie fenced',
    'transaction aborted',
    'went on after an unclean end',
    'begun ahead',
    'begun ahead in vain',
    'begun ahead and given up',
  ],
} as const

export type Happening = (typeof HAPPENINGS)[keyof typeof HAPPENINGS][number]
/** How often each has happened; absent: never. */
export type Counts = Map<Happening, number>

export function addTo(counts: Counts, others: ReadonlyMap<Happening, number>): void {
  for (const [what, count] of others) counts.set(what, (counts.get(what) ?? 0) + count)
}

export function neverHappened(counts: Counts): Happening[] {
  return Object.values(HAPPENINGS)
    .flat()
    .filter((what) => !counts.has(what))
}

export function coverageTable(counts: Counts): string {
  const lines = Object.entries(HAPPENINGS).flatMap(([kind, all]) => {
    const rows = all.map((what) => `  ${what.padEnd(42)}${String(counts.get(what) ?? 0).padStart(12)}`)
    return [`${kind}:`, ...rows]
  })
  return lines.join('\n')
}
