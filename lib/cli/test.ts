/** `penstock test`: the cases of test files against their connectors' configs. */
import { glob } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { LocalError } from '../local/local-error.ts'
import { colors as pc } from '../observe/colors.ts'
import type { TestFile } from '../preview/test-file.ts'
import { readConnector } from './connector-files.ts'

export function testCommand(): Command {
  return new Command('test').argument('<files...>', 'JSON of name, config and cases, as in examples/').action(test)
}

async function test(patterns: readonly string[]): Promise<void> {
  const { readTestFile } = await import('../preview/test-file.ts')
  let passed = 0
  let failed = 0
  for (const file of await matching(patterns)) {
    const tests = await readTestFile(file)
    console.log(`${file}: ${tests.name}`)
    for (const { name, differences } of await run(tests, dirname(file))) {
      if (differences.length === 0) passed++
      else failed++
      console.log(`  ${differences.length === 0 ? pc.green('✓') : pc.red('✗')} ${name}`)
      for (const line of differences) console.log(`      ${line}`)
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

/** For shells that don't expand patterns; a name that matches nothing is a mistake. */
async function matching(patterns: readonly string[]): Promise<readonly string[]> {
  const files: string[] = []
  for (const pattern of patterns) {
    if (!pattern.includes('*')) {
      files.push(pattern)
      continue
    }
    const found: string[] = []
    for await (const file of glob(pattern)) found.push(file)
    if (found.length === 0) throw new LocalError(`No file matches ${pattern}`)
    files.push(...found.sort())
  }
  return files
}

interface Outcome {
  readonly name: string
  /** Empty: as expected. */
  readonly differences: readonly string[]
}

async function run({ config, cases }: TestFile, folder: string): Promise<readonly Outcome[]> {
  const [{ preview }, { sampleOf }, { differences }] = await Promise.all([
    import('../preview/preview.ts'),
    import('../preview/sample.ts'),
    import('../preview/compare.ts'),
  ])
  const raw = typeof config === 'string' ? await readConnector(resolve(folder, config)) : config
  const outcomes: Outcome[] = []
  // Each by itself, so that a text's offset is 0 in every case.
  for (const { name, record, expected } of cases) {
    const [got = null] = await preview(raw, [sampleOf(record)])
    outcomes.push({ name, differences: differences(expected, got) })
  }
  return outcomes
}
