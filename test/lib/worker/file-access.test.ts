/** `penstock.files.allow`: what leads out of the allowed folders. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { find } from '../../../lib/registry.ts'
import { mayReach } from '../../../lib/worker/file-access.ts'
import { forbiddenFiles } from '../../../lib/worker/real-config.ts'
import { worker } from '../../../lib/worker/settings.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'penstock-files-'))
  await mkdir(join(root, 'in', 'deep'), { recursive: true })
  await mkdir(join(root, 'out', 'deep'), { recursive: true })
  await mkdir(join(root, 'inner'))
  await writeFile(join(root, 'in', 'a.txt'), '')
  await symlink(join(root, 'out'), join(root, 'in', 'folder'))
  await symlink(join(root, 'out', 'deep'), join(root, 'in', 'deeper'))
  await symlink(join(root, 'out', 'not-there-yet'), join(root, 'in', 'dangling'))
  await symlink('loop', join(root, 'in', 'loop'))
  await symlink(join(root, 'in'), join(root, 'alias'))
  await symlink('a.txt', join(root, 'in', 'b.txt'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const bounded = () => worker({ 'penstock.files.allow': join(root, 'in') })

test.each([
  'in',
  'in/a.txt',
  'in/b.txt',
  'in/new.txt',
  'in/new/deep/er.txt',
  'in/deep/../a.txt',
  'alias/a.txt',
  'in//a.txt',
])('allows %s', async (path) => {
  expect(await mayReach(bounded(), `${root}/${path}`)).toBe(true)
})

test.each([
  'out/a.txt',
  'inner/a.txt',
  'in/../out/a.txt',
  'in/folder/a.txt',
  'in/folder',
  'in/dangling',
  'in/dangling/x',
  'in/deeper/../a.txt',
  'in/new/../../out/a.txt',
  '',
])('refuses %s', async (path) => {
  expect(await mayReach(bounded(), `${root}/${path}`)).toBe(false)
})

test('refuses a link that leads to itself', async () => {
  await expect(mayReach(bounded(), join(root, 'in', 'loop'))).rejects.toThrow(/ELOOP|leads nowhere/)
})

test('finds the files of every plugin that a config names', async () => {
  const files = {
    'connector.class': 'FileStreamSource',
    file: '/etc/passwd',
    transforms: 's',
    'transforms.s.type': 'Script',
    'transforms.s.script.file': '/etc/passwd',
    'producer.override.ssl.keystore.location': '/etc/passwd',
    'producer.override.sasl.oauthbearer.token.endpoint.url': 'file:///etc/passwd',
  }
  const found = await forbiddenFiles(bounded(), files, find)
  expect([...found.keys()].sort()).toEqual(
    Object.keys(files)
      .filter((key) => files[key as 'file'].includes('passwd'))
      .sort(),
  )
  const sink = { 'connector.class': 'JdbcSink', 'connection.url': `jdbc:sqlite:${root}/out/a.db?journal_mode=WAL` }
  expect([...(await forbiddenFiles(bounded(), sink, find)).values()]).toEqual([
    `Invalid value ${sink['connection.url']} for configuration connection.url: the worker's penstock.files.allow lets connectors reach ${root}/in of this machine's files`,
  ])
  expect(await forbiddenFiles(worker({ 'penstock.files.allow': '*' }), files, find)).toEqual(new Map())
  expect((await forbiddenFiles(worker({}), { ...files, file: join(root, 'in', 'a.txt') }, find)).has('file')).toBe(true)
})
