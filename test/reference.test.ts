import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generateReference } from '../bin/generate-reference.ts'
import { plugins } from '../lib/registry.ts'

const FOLDER = join(import.meta.dirname, '../docs/reference')

test('docs/reference is what bin/generate-reference.ts writes', async () => {
  const pages = await generateReference()
  expect((await readdir(FOLDER)).sort()).toEqual([...pages.keys()].sort())
  for (const [name, text] of pages) expect(await readFile(join(FOLDER, name), 'utf8'), name).toBe(text)
})

test('every plugin that a config can name is in it', async () => {
  const all = [...(await generateReference()).values()].join('\n')
  expect(plugins().filter((plugin) => !all.includes(`\`${plugin.class}\``))).toEqual([])
})
