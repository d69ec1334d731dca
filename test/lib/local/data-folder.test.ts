import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holdDataFolder } from '../../../lib/local/data-folder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-data-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('is refused to a second cloud, with the pid of the first, until that one lets go', async () => {
  const held = await holdDataFolder(folder)
  await expect(holdDataFolder(folder)).rejects.toThrow(`in use by another penstock up (pid ${process.pid})`)
  await held.release()
  await (await holdDataFolder(folder)).release()
})

test('of a cloud that was killed is free', async () => {
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'exit')
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: dead.pid, started: '1' }))
  await (await holdDataFolder(folder)).release()
})

test.runIf(process.platform === 'linux')('of a cloud whose pid is in use by another process is free', async () => {
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
  await (await holdDataFolder(folder)).release()
})
