/** A dead letter as text. */
import { indented, pairs } from './output.ts'

export interface ShownLetter {
  readonly letter: string
  readonly timestamp: number | null
  readonly topic: string | null
  readonly partition: string | null
  readonly offset: string | null
  readonly stage: string | null
  readonly class: string | null
  readonly error: string | null
  readonly message: string | null
  readonly stacktrace: string | null
  readonly redrives: number
  readonly redriven: boolean
  readonly record: unknown
  /** Why there is no record. */
  readonly undecoded: string | null
  readonly key: unknown
  readonly value: unknown
  readonly headers: readonly { readonly key: string; readonly value: unknown }[]
  /** As `dlq redrive --edit` takes it. */
  readonly line: string
}

export function letterText(letter: ShownLetter): string {
  const { topic, partition, offset, stage, error, message, record, undecoded, redrives, redriven } = letter
  const from = topic === null ? null : `${topic}, partition ${partition}, offset ${offset}`
  const again = `${redriven ? 'yes' : 'no'}${redrives === 0 ? '' : `; it has failed after ${redrives} redrives`}`
  const head = pairs([
    ['letter', letter.letter],
    ['read from', from],
    ['failed at', stage === null ? null : `${stage} by ${letter.class}`],
    ['error', error === null ? null : `${error}: ${message}`],
    ['redriven', again],
  ])
  const raw = [
    `key: ${valueText(letter.key)}`,
    `value: ${valueText(letter.value)}`,
    ...letter.headers.map(({ key, value }) => `header ${key}: ${valueText(value)}`),
  ]
  const decoded = record === null ? `not a record: ${undecoded}` : `record: ${JSON.stringify(record, null, 2)}`
  const caused = (letter.stacktrace ?? '').split('\n').filter((line) => line.startsWith('Caused by:'))
  return [head, ...caused.map(indented), indented(raw.join('\n')), indented(decoded)].join('\n')
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
