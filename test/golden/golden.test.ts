/**
 * Cases answered by Kafka Connect 4.3.1 on the JVM, and what this implementation answers to them.
 * `GOLDEN_DIR` names another folder of cases.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonText } from '../../lib/converters/record-text.ts'
import { readJson } from '../../lib/java/json-text.ts'
import { answer, type Case, difference } from './run-case.ts'

const FOLDER = process.env['GOLDEN_DIR'] ?? import.meta.dirname

describe.each(readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl')))('%s', (file) => {
  test('answers as the JVM does', async () => {
    const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n')
    const failures: object[] = []
    for (const line of lines.filter((text) => text.trim() !== '')) {
      const one = readJson(line) as Case
      const got = await answer(one).catch((error: unknown) => String(error))
      const why = typeof got === 'string' ? got : difference(one, got)
      if (why !== undefined) failures.push({ id: one['id'], why, expected: text(one['expected']), got: text(got) })
    }
    expect(failures).toEqual([])
  })
})

function text(node: Case[string] | undefined): string {
  return node === undefined ? 'nothing' : jsonText(node)
}
