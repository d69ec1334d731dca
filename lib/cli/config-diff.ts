/** What changes between two configs, as lines for people and as fields for programs; secrets are masked. */
import { colors as pc } from '../observe/colors.ts'
import { type Config, HIDDEN, type IsSecret, masked } from './secrets.ts'

export interface Change {
  /** Null: the setting isn't there. */
  readonly before: string | null
  readonly after: string | null
}

export type Changes = Readonly<Record<string, Change>>

/** By setting, sorted. Of a secret that changes both sides are hidden. */
export function changesOf(before: Config, after: Config, isSecret: IsSecret): Changes {
  const [was, is] = [masked(before, isSecret), masked(after, isSecret)]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return Object.fromEntries(
    keys
      .filter((key) => (before[key] ?? null) !== (after[key] ?? null))
      .map((key) => [key, { before: was[key] ?? null, after: is[key] ?? null }]),
  )
}

/** `- key=value` and `+ key=value`; of values with several lines only those that differ. */
export async function diffLines(changes: Changes): Promise<string> {
  const { diffLines: linesOf } = await import('diff')
  const lines = Object.entries(changes).flatMap(([key, { before, after }]) => {
    if (before === HIDDEN && after === HIDDEN) return [pc.yellow(`~ ${key}=${HIDDEN} (changed)`)]
    const parts = linesOf(side(key, before), side(key, after)).filter(({ added, removed }) => added || removed)
    return parts.flatMap(({ value, added }) => {
      const mark = (line: string) => (added ? pc.green(`+ ${line}`) : pc.red(`- ${line}`))
      return value.replace(/\n$/, '').split('\n').map(mark)
    })
  })
  return lines.join('\n')
}

function side(key: string, value: string | null): string {
  return value === null ? '' : `${key}=${value}\n`
}
