/** References to files, folders and the environment, as a Connect 4.3.1 worker was seen to resolve them. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { realConfig } from '../../../lib/worker/real-config.ts'
import { openWorker, worker } from '../../../lib/worker/settings.ts'

const KAFKA = 'org.apache.kafka.common.config.provider'
const PROVIDERS = {
  'config.providers': 'file,dir,env',
  'config.providers.file.class': `${KAFKA}.FileConfigProvider`,
  'config.providers.dir.class': 'Directory',
  'config.providers.env.class': 'EnvVarConfigProvider',
  'penstock.files.allow': '*',
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-providers-'))
  await writeFile(join(folder, 'db.properties'), '# the database\nuser = kafka\npassword=a=b:c\nempty=\n')
  await mkdir(join(folder, 'mounted', '..data'), { recursive: true })
  await writeFile(join(folder, 'mounted', '..data', 'password'), 'with its line end\n')
  await symlink(join('..data', 'password'), join(folder, 'mounted', 'password'))
  process.env['PENSTOCK_TEST_USER'] = 'from the environment'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'of the function'
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function resolved(value: string, more: RawConfig = {}): Promise<string | null | undefined> {
  const { config } = await realConfig(worker({ ...PROVIDERS, ...more }), {
    name: 'orders',
    it: value.replaceAll('@', folder),
  })
  return config['it']
}

test.each([
  ['${file:@/db.properties:password}', 'a=b:c'],
  ['jdbc:${file:@/db.properties:user}:${file:@/db.properties:password}!', 'jdbc:kafka:a=b:c!'],
  ['<${file:@/db.properties:empty}>', '<>'],
  ['${dir:@/mounted:password}', 'with its line end\n'],
  ['${env:PENSTOCK_TEST_USER}', 'from the environment'],
])('%s', async (reference, value) => {
  expect(await resolved(reference)).toBe(value)
})

test.each([
  ['an unknown provider', '${nope:x}', {}],
  ['a key that is not there', '${file:@/db.properties:nope}', {}],
  ['a file that is not there', '${dir:@/mounted:nope}', {}],
  ['a file elsewhere', '${dir:@/mounted:../db.properties}', {}],
  ['a variable that is not there', '${env:PENSTOCK_TEST_NONE}', {}],
  ["the function's own credentials", '${env:AWS_SECRET_ACCESS_KEY}', {}],
  [
    'a variable beyond the pattern',
    '${env:PENSTOCK_TEST_USER}',
    { 'config.providers.env.param.allowlist.pattern': 'DB_.*' },
  ],
  [
    'a file beyond allowed.paths',
    '${file:@/db.properties:user}',
    { 'config.providers.file.param.allowed.paths': '/etc' },
  ],
  ['no reference', '${topic} $5 {a:b} ${}', {}],
])('stays as it is written: %s', async (_, text, more) => {
  expect(await resolved(text, more)).toBe(text.replaceAll('@', folder))
})

test('names the connector, the setting, the provider and the path', async () => {
  await expect(resolved('${file:/nowhere/db.properties:password}')).rejects.toThrow(
    "Connector orders: the setting it can't be resolved by the config provider file, path /nowhere/db.properties: Could not read properties from file /nowhere/db.properties (ENOENT)",
  )
  await expect(resolved('${env:here:HOME}')).rejects.toThrow(
    "config provider env, path here: Path is not supported for EnvVarConfigProvider, invalid value 'here'",
  )
  await expect(
    resolved('${file:@/db.properties:user}', { 'config.providers.file.class': 'no.such.Provider' }),
  ).rejects.toThrow('Invalid value no.such.Provider for configuration config.providers.file.class')
})

test('reads no file beyond penstock.files.allow, by a link neither', async () => {
  await symlink('/etc', join(folder, 'link'))
  const bounded = { 'penstock.files.allow': `${folder}/mounted, ${folder}/link` }
  expect(await resolved('${dir:@/mounted:password}', bounded)).toBe('with its line end\n')
  for (const reference of [
    '${file:@/db.properties:user}',
    '${file:@/mounted/../db.properties:user}',
    '${dir:@/mounted/..:db.properties}',
  ])
    await expect(resolved(reference, bounded)).rejects.toThrow(/may not be read: the worker's penstock\.files\.allow/)
})

test("resolves the worker's own settings, and a provider's by another", async () => {
  const own = await openWorker({
    ...PROVIDERS,
    'group.id': `\${file:${folder}/db.properties:user}`,
    'config.providers.env.param.allowlist.pattern': `\${file:${folder}/db.properties:user}`,
    'penstock.files.allow': '',
  })
  expect(own.settings['group.id']).toBe('kafka')
  expect(own.raw['config.providers.env.param.allowlist.pattern']).toBe('kafka')
  expect(own.secrets).toContain('kafka')
})
