/** A dead letter as its topic has it: the record, and what its headers tell of the error. */
import type { Fetched } from '../kafka/consumer.ts'
import { readHeaders } from '../kafka/record-batch-decoder.ts'
import { CONTEXT_PREFIX } from '../pipeline/dead-letters.ts'
import { COUNT_HEADER, FORM_HEADER } from '../pipeline/redriven.ts'

export interface LetterHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** Null each where the letter doesn't tell: context headers are written only where the connector asks for them. */
export interface LetterContext {
  readonly topic: string | null
  readonly partition: string | null
  readonly offset: string | null
  readonly connector: string | null
  readonly task: string | null
  readonly stage: string | null
  /** Of the plugin that failed. */
  readonly class: string | null
  readonly error: string | null
  readonly message: string | null
  readonly stacktrace: string | null
}

export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Epoch ms; null where the record has none. */
  readonly timestamp: number | null
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The record's own. */
  readonly headers: readonly LetterHeader[]
  readonly context: LetterContext
  /** How often the record was redriven before. */
  readonly redrives: number
  /** A sink's record that was edited as JSON (`recordToJson`), not the bytes that were consumed. */
  readonly isEdited: boolean
}

/** `PARTITION:OFFSET`, as users name a letter. */
export function place({ partition, offset }: Pick<DeadLetter, 'partition' | 'offset'>): string {
  return `${partition}:${offset}`
}

export function lettersOf(batch: Fetched): DeadLetter[] {
  const { topic, partition, buffer } = batch
  const letters: DeadLetter[] = []
  batch.forEach((offset, time, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
    const all = readHeaders(buffer, headersStart, headerCount)
    const told = new Map(all.map(({ key, value }) => [key, value?.toString() ?? null]))
    const headers = all.filter(({ key }) => !isOurs(key))
    letters.push({
      topic,
      partition,
      offset,
      timestamp: time < 0 ? null : time,
      key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      headers,
      context: contextOf((name) => told.get(CONTEXT_PREFIX + name) ?? null),
      redrives: Number(told.get(COUNT_HEADER) ?? 0),
      isEdited: told.get(FORM_HEADER) === 'record',
    })
  })
  return letters
}

function isOurs(key: string): boolean {
  return key.startsWith(CONTEXT_PREFIX) || key === COUNT_HEADER || key === FORM_HEADER
}

function contextOf(told: (name: string) => string | null): LetterContext {
  return {
    topic: told('topic'),
    partition: told('partition'),
    offset: told('offset'),
    connector: told('connector.name'),
    task: told('task.id'),
    stage: told('stage'),
    class: told('class.name'),
    error: told('exception.class.name'),
    message: told('exception.message'),
    stacktrace: told('exception.stacktrace'),
  }
}
