/** A DynamoDB Local for a test file, in memory, on a free port of the loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { DynamoDBClient, type DynamoDBClientConfig, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { jars } from '../lib/local/jars.ts'
import { freePort, LOOPBACK, listens } from '../lib/local/ports.ts'
import { openTable, type Table } from '../lib/state/table.ts'

export interface Dynamo extends AsyncDisposable {
  readonly endpoint: string
  /** For any client. */
  readonly config: DynamoDBClientConfig
  /** With the patience that a busy machine needs. */
  open(table: string): Table
  stop(): Promise<void>
}

/** Takes about 2 s; once more where its jars have to be fetched. */
export async function startDynamo(): Promise<Dynamo> {
  const libs = await jars('dynamodb')
  const port = await freePort()
  const memory = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Djava.library.path=${libs}`]
  const classes = ['-cp', [libs, join(libs, '*')].join(delimiter), 'LoopbackServer']
  const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)]
  const server = spawn('java', [...memory, ...classes, ...options], { stdio: 'ignore' })
  while (!(await listens(LOOPBACK, port))) {
    if (server.exitCode !== null) throw new Error(`DynamoDB Local ended with ${server.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill()
    await once(server, 'exit')
  }
  const endpoint = `http://${LOOPBACK}:${port}`
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const config = { endpoint, region: 'local', credentials }
  const client = new DynamoDBClient({ ...config, maxAttempts: 20 })
  // The first answer takes seconds on a busy machine.
  await client.send(new ListTablesCommand({}))
  client.destroy()
  const open = (table: string) => openTable(table, config, { call: 60_000, attempt: 20_000 })
  return { endpoint, config, open, stop, [Symbol.asyncDispose]: stop }
}
