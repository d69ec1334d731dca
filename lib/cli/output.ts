/** What commands print: tables for people, JSON or YAML for programs. */
import Table from 'cli-table3'
import { colors as pc } from '../observe/colors.ts'

export type Format = 'human' | 'json' | 'yaml'

/** `value` for programs; `human` makes the text for people, an empty one for nothing to say. */
export async function print(format: Format, value: unknown, human: () => string): Promise<void> {
  const text = await rendered(format, value, human)
  if (text !== '') console.log(text)
}

async function rendered(format: Format, value: unknown, human: () => string): Promise<string> {
  switch (format) {
    case 'human':
      return human()
    case 'json':
      return JSON.stringify(value, null, 2)
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(value, { aliasDuplicateObjects: false }).trimEnd()
    }
    default:
      return format satisfies never
  }
}

export type Cell = string | number | null | undefined

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const

/** Columns without lines; null and undefined are `-`. `none` is what is said of no rows. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], none: string): string {
  if (rows.length === 0) return pc.dim(none)
  const made = new Table({
    head: head.map((title) => pc.bold(title)),
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  made.push(...rows.map((row) => row.map((cell) => String(cell ?? '-'))))
  return trimmed(made.toString())
}

/** Names and values, a line each. */
export function pairs(rows: readonly (readonly [string, Cell])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${pc.bold(`${name}:`.padEnd(width + 1))}  ${value ?? '-'}`).join('\n')
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

export function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n')
}

/** A connector's or a task's state in its colour. */
export function stateText(state: string): string {
  switch (state) {
    case 'RUNNING':
      return pc.green(state)
    case 'FAILED':
      return pc.red(state)
    case 'UNASSIGNED':
    case 'RESTARTING':
      return pc.yellow(state)
    default:
      return pc.cyan(state)
  }
}

/** How long ago, in the largest unit: `12s`, `3m`, `2h`, `5d`. */
export function ago(epochMs: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - epochMs) / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}
