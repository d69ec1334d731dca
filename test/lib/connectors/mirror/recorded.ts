/** What MirrorMaker 2 on the JVM answers and writes; the first line of `recorded.jsonl` says how it is kept. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Position } from '../../../../lib/connect/record.ts'

export interface Validation {
  readonly connector: string
  readonly label: string
  readonly config: Readonly<Record<string, string>>
  readonly errors: number
  readonly groups: readonly string[]
  readonly order?: readonly string[]
  readonly values: readonly (readonly [string, string | null, string[], boolean, string[]])[]
}

interface Lines {
  readonly definition: readonly [connector: string, name: string, ...rest: (string | number | boolean | null)[]]
  readonly validation: readonly [Validation]
  readonly offsets: readonly [connector: string, partition: Position, offset: Position | null, refusal: string | null]
  readonly heartbeat: readonly [key: string, value: string]
  readonly checkpoint: readonly [key: string, value: string]
  readonly 'offset-sync': readonly [key: string, value: string]
  readonly 'source-offset': readonly [key: string, value: string]
  readonly task: readonly [connector: string, own: Readonly<Record<string, string>>]
}

const lines: [string, ...unknown[]][] = readFileSync(join(import.meta.dirname, 'recorded.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

export function recorded<K extends keyof Lines>(kind: K): Lines[K][] {
  return lines.filter(([own]) => own === kind).map(([, ...rest]) => rest as unknown as Lines[K])
}
