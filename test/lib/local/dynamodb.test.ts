/** The table of a local cloud: there again after a crash, and made anew where a power failure has damaged its file. */
import { access, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DynamoDb, startDynamoDb } from '../../../lib/local/dynamodb.ts'
import { type Guard, startGuard } from '../../../lib/local/guard.ts'
import { jars } from '../../../lib/local/jars.ts'
import { findJava } from '../../../lib/local/java.ts'
import { openTable, TableGone } from '../../../lib/state/table.ts'

const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }
const KEY = { pk: 'lease#orders', sk: '000000' }
let folder: string
let guard: Guard

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-dynamodb-'))
  guard = startGuard()
})

afterAll(async () => {
  await guard.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<DynamoDb> {
  const [libs, java] = await Promise.all([jars('dynamodb'), findJava()])
  return startDynamoDb({ data: folder, logFile: join(folder, 'log'), port: 0, libs, java, guard })
}

function table({ address }: DynamoDb) {
  const timeouts = { call: 60_000, attempt: 20_000 }
  return openTable('penstock', { endpoint: address, region: 'local', credentials: CREDENTIALS }, timeouts)
}

async function kill({ pid, exited }: DynamoDb): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await exited
}

test('what was written is there after a SIGKILL; a damaged table is put aside, not a reason not to start', async () => {
  const first = await start()
  const written = table(first)
  await written.create()
  for (let epoch = 1; epoch <= 50; epoch++) await written.put(KEY, { epoch, padding: 'x'.repeat(5_000) })
  await kill(first)
  written.close()

  const second = await start()
  const read = table(second)
  expect(await read.get(KEY)).toMatchObject({ epoch: 50 })
  await kill(second)
  read.close()

  const file = join(folder, 'shared-local-instance.db')
  const damaged = await open(file, 'r+')
  await damaged.write(Buffer.alloc((await damaged.stat()).size - 1_024, 0xa5), 0, null, 1_024)
  await damaged.close()
  const third = await start()
  const empty = table(third)
  await expect(empty.get(KEY)).rejects.toThrow(TableGone)
  await empty.create()
  await empty.put(KEY, { epoch: 1 })
  expect(await empty.get(KEY)).toMatchObject({ epoch: 1 })
  await access(`${file}.damaged`)
  empty.close()
  await third.stop()
}, 120_000)
