/** DynamoDB Local, bound to loopback, its table kept on disk so that a restart finds it again. */
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Guard } from './guard.ts'
import { startJvm } from './jvm.ts'
import { LocalError } from './local-error.ts'
import type { Part } from './part.ts'
import { claimPort, LOOPBACK } from './ports.ts'

export interface DynamoDbOptions {
  readonly data: string
  readonly logFile: string
  /** 0 for a free one. */
  readonly port: number
  readonly libs: string
  readonly java: string
  readonly guard: Guard
}

export interface DynamoDb extends Part {
  readonly exited: Promise<void>
}

/** Starts it and waits until it answers; 1 to 2 s. */
export async function startDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const port = await claimPort(options.port)
  if (port === null) throw new LocalError(`Port ${options.port} is taken: DynamoDB Local can't listen there`)
  await mkdir(options.data, { recursive: true })
  const memory = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Djava.library.path=${options.libs}`]
  const classes = ['-cp', [options.libs, join(options.libs, '*')].join(delimiter)]
  const args = ['-sharedDb', '-disableTelemetry', '-dbPath', options.data, '-port', String(port)]
  const jvm = startJvm(
    'DynamoDB Local',
    options.java,
    [...memory, ...classes, 'LoopbackServer', ...args],
    options.logFile,
    options.guard,
  )
  const address = `http://${LOOPBACK}:${port}`
  try {
    await jvm.ready(() => answers(address))
  } catch (error) {
    await jvm.stop()
    throw error
  }
  return { address, pid: jvm.pid, exited: jvm.exited, stop: () => jvm.stop() }
}

/** Any answer of HTTP will do: an unsigned request is refused by the server itself. */
async function answers(address: string): Promise<boolean> {
  try {
    const answer = await fetch(address, { method: 'POST', signal: AbortSignal.timeout(2_000) })
    await answer.arrayBuffer()
    return true
  } catch {
    return false
  }
}
