/** The table of a measurement. */
import type { Arrival } from './arrivals.ts'
import type { Spent } from './workers.ts'

export interface Round extends Arrival, Spent {
  readonly arm: string
  readonly expected: number
  /** What arrived. */
  readonly records: number
}

export function row(title: string, round: Round): string {
  const { arm, expected, records, firstMs, rate, maxRssMb } = round
  const wrong = records === expected ? '' : `  ${records - expected} TOO MANY`
  return [
    title.padEnd(8),
    arm.padEnd(12),
    `${records} records`.padStart(16),
    `first after ${firstMs.toFixed(0)} ms`.padStart(22),
    `${(rate / 1000).toFixed(0)} k rec/s`.padStart(13),
    `task ${perMillion(round, 'taskCpu').toFixed(2)} CPU-s/M`.padStart(19),
    `all ${perMillion(round, 'allCpu').toFixed(2)} CPU-s/M`.padStart(19),
    `RSS ${maxRssMb.toFixed(0)} MB${wrong}`.padStart(12),
  ].join('  ')
}

/** Medians of the rounds, ratios of the first arm to the second within rounds, and how far the control's halves differ. */
export function report(
  [first, second]: readonly [string, string],
  rounds: readonly Round[],
  control: readonly Round[],
): string {
  const ours = rounds.filter(({ arm }) => arm === first)
  const theirs = rounds.filter(({ arm }) => arm === second)
  const ratio = (of: (round: Round) => number) =>
    ours.map((round, i) => of(round) / of(theirs[i] ?? round)).sort((a, b) => a - b)
  const lines = [
    `| | ${first} | ${second} | ratio (within rounds) |`,
    '|---|---|---|---|',
    line('k records/s', (round) => round.rate / 1000, 0),
    line('CPU-s/M, task process', (round) => perMillion(round, 'taskCpu'), 2),
    line('CPU-s/M, all processes', (round) => perMillion(round, 'allCpu'), 2),
    line('max RSS of the task process, MB', (round) => round.maxRssMb, 0),
    line('first record after POST, ms', (round) => round.firstMs, 0),
  ]
  for (const arm of [first, second]) {
    const [a, b] = control.filter((round) => round.arm === arm)
    if (a === undefined || b === undefined) continue
    const cpu = perMillion(b, 'taskCpu') / perMillion(a, 'taskCpu')
    lines.push(`Control, ${arm} against itself: rate ${(b.rate / a.rate).toFixed(2)}, CPU ${cpu.toFixed(2)}`)
  }
  return `\n${lines.join('\n')}`

  function line(title: string, of: (round: Round) => number, digits: number): string {
    const [a, b] = [ours, theirs].map((some) => some.map(of).sort((x, y) => x - y))
    const ratios = ratio(of)
    const range = (some: readonly number[] = [], d = digits) =>
      `${median(some).toFixed(d)} (${some[0]?.toFixed(d)}-${some.at(-1)?.toFixed(d)})`
    return `| ${title} | ${range(a)} | ${range(b)} | ${range(ratios, 2)} |`
  }
}

function perMillion({ records, ...round }: Round, what: 'taskCpu' | 'allCpu'): number {
  return (round[what] * 1e6) / records
}

function median(sorted: readonly number[]): number {
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2
}
