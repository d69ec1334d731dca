/** One live line per connector, from `GET /penstock/connectors/NAME`. */
import { colors as pc } from '../../observe/colors.ts'

/** What the line shows of a connector's progress page. */
export interface Progress {
  readonly name: string
  readonly state: string
  readonly tasks: readonly {
    readonly lag: number | null
    readonly slices: number
    readonly restarts: number
    readonly counters: { readonly read: number; readonly written: number }
  }[]
}

export interface Shown {
  readonly name: string
  readonly state: string
  readonly read: number
  readonly written: number
  readonly lag: number | null
  readonly slice: number
  readonly restarts: number
}

export function shown({ name, state, tasks }: Progress): Shown {
  const sum = (of: (task: Progress['tasks'][number]) => number) => tasks.reduce((total, task) => total + of(task), 0)
  const lags = tasks.flatMap(({ lag }) => (lag === null ? [] : [lag]))
  return {
    name,
    state,
    read: sum(({ counters }) => counters.read),
    written: sum(({ counters }) => counters.written),
    lag: lags.length === 0 ? null : lags.reduce((a, b) => a + b, 0),
    // Those that have ended, and the one that runs or comes next.
    slice: Math.max(0, ...tasks.map(({ slices }) => slices)) + 1,
    restarts: sum(({ restarts }) => restarts),
  }
}

/** `rate` in records per second. */
export function line(now: Shown, rate: number, width: number): string {
  const state = now.state === 'RUNNING' ? pc.green : now.state === 'FAILED' ? pc.red : pc.yellow
  const columns = [
    pc.bold(now.name.padEnd(width)),
    state(now.state.padEnd(10)),
    `in ${count(now.read, 9)}`,
    `out ${count(now.written, 9)}`,
    `${count(Math.round(rate), 7)}/s`,
    `lag ${now.lag === null ? '-'.padStart(6) : count(now.lag, 6)}`,
    `slice ${count(now.slice, 4)}`,
    `restarts ${now.restarts}`,
  ]
  return columns.join('  ')
}

function count(value: number, width: number): string {
  return value.toLocaleString('en-US').padStart(width)
}
