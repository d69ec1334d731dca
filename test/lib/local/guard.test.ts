import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'

test('no instance outlives a service that was killed: not a busy one, not a frozen one', async () => {
  const service = spawn(process.execPath, [join(import.meta.dirname, 'killed-service.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed] = (await once(service.stdout, 'data')) as [Buffer]
  const { pids, folder } = JSON.parse(printed.toString()) as { pids: number[]; folder: string }
  expect(pids.filter(isAlive)).toHaveLength(3)
  service.kill('SIGKILL')
  while (pids.some(isAlive)) await sleep(10)
  await rm(folder, { recursive: true, force: true })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
