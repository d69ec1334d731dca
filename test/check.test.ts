/** The checks of `npm run check` that aren't tests of their own: types, lint and format, dead code. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test.each([
  ['types', 'tsc', ['-p', '.']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['dead code', 'knip', []],
])('%s', { timeout: 180_000 }, (_, command, flags) => {
  const bin = join('node_modules', '.bin')
  const { status, stdout, stderr } = spawnSync(join(bin, command), flags, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
  })
  expect(status, `${stdout}\n${stderr}`).toBe(0)
})
