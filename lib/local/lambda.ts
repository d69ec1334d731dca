/** The local Lambda service: the Invoke API as the SDK speaks it, over pools of instances. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AsyncInvocations, type FailureRecord, failureRecord } from './async-invocations.ts'
import type { FunctionConfig, Outcome } from './function-config.ts'
import { FunctionPool } from './function-pool.ts'
import type { Guard } from './guard.ts'
import { openInFlight } from './in-flight.ts'
import type { Instance } from './instance.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import type { Part } from './part.ts'
import { LOOPBACK } from './ports.ts'
import { BodyTooLarge, readBody } from './runtime-api.ts'

const SYNC_LIMIT = 6 * 1024 * 1024
const ASYNC_LIMIT = 1024 * 1024
/** How often deadlines and memory are looked at; a timer of each invocation's own is precise while the machine is awake. */
const LOOK_MS = 200
const IDLE_MS = 30_000

export interface LambdaOptions {
  /** A folder: one log a function. */
  readonly logs: string
  readonly compileCache: string
  /** A folder for the invocations that are running. */
  readonly inFlight: string
  readonly cwd: string
  readonly guard: Guard
  /** The failure destination of asynchronous invocations. */
  readonly onFailure: (record: FailureRecord) => void
  /** An instance idle for longer is ended. */
  readonly idleMs?: number
  readonly retryDelaysMs?: readonly number[]
  /** How long running invocations may take to end when the service stops. */
  readonly graceMs?: number
  /** The share of asynchronous invocations that are delivered twice; 0 unless given. */
  readonly doubled?: number
}

export interface RunningInstance {
  readonly functionName: string
  readonly instance: Instance
}

export interface Lambda extends Part {
  /** Adds a function; its spares start at once. */
  create(config: FunctionConfig): void
  /** Within the process: waits for room instead of answering 429. */
  invoke(functionName: string, payload: unknown): Promise<Outcome>
  invokeAsync(functionName: string, payload: unknown): void
  /** The next `count` asynchronous invocations of the function are delivered twice. */
  duplicate(functionName: string, count: number): void
  instances(): readonly RunningInstance[]
  /** Reports as failed what ran when an earlier service ended. */
  reportCutOff(): void
}

export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const pools = new Map<string, FunctionPool>()
  const inFlight = openInFlight(options.inFlight)
  const queues = new Map<string, AsyncInvocations>()
  const logs: LogFile[] = []
  let stopping: Promise<void> | null = null
  const killOverdue = () => {
    for (const pool of pools.values()) pool.killOverdue()
  }
  const look = setInterval(() => {
    killOverdue()
    for (const pool of pools.values()) {
      pool.killTooLarge()
      pool.reap(options.idleMs ?? IDLE_MS)
      pool.retry()
    }
  }, LOOK_MS)

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof ServiceError) refuse(response, error)
      else refuse(response, new ServiceError(500, 'ServiceException', String(error)))
    })
  })
  server.keepAliveTimeout = 0
  server.requestTimeout = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const match = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?|$)/.exec(request.url ?? '')
    if (request.method !== 'POST' || match?.[1] === undefined)
      throw new ServiceError(404, 'ResourceNotFoundException', `Nothing at ${request.method} ${request.url}`)
    const name = functionName(decodeURIComponent(match[1]))
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse'
    const payload = await payloadOf(request, type === 'Event' ? ASYNC_LIMIT : SYNC_LIMIT)
    const pool = poolOf(name)
    const requestId = randomUUID()
    response.setHeader('x-amzn-RequestId', requestId)
    if (type === 'DryRun') return void response.writeHead(204).end()
    if (type === 'Event') {
      queues.get(name)?.add(requestId, payload)
      return void response.writeHead(202).end()
    }
    if (!pool.hasRoom)
      throw new ServiceError(
        429,
        'TooManyRequestsException',
        'Rate Exceeded.',
        'ReservedFunctionConcurrentInvocationLimitExceeded',
      )
    const outcome = await pool.invoke(requestId, payload)
    if (outcome.functionError !== null) response.setHeader('X-Amz-Function-Error', outcome.functionError)
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': outcome.payload.length,
      'X-Amz-Executed-Version': '$LATEST',
    })
    response.end(outcome.payload)
  }

  function poolOf(name: string): FunctionPool {
    const pool = pools.get(name)
    if (pool === undefined) throw new ServiceError(404, 'ResourceNotFoundException', `Function not found: ${name}`)
    return pool
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, resolve)
  })
  return {
    address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    pid: process.pid,
    create(config) {
      const { compileCache, cwd, guard, retryDelaysMs } = options
      const log = openLogFile(join(options.logs, `${config.name}.log`))
      logs.push(log)
      const pool = new FunctionPool(config, { log, compileCache, cwd, guard }, killOverdue)
      pools.set(config.name, pool)
      const { onFailure, doubled } = options
      queues.set(config.name, new AsyncInvocations(pool, inFlight, onFailure, { retryDelaysMs, doubled }))
    },
    async invoke(functionName, payload) {
      const pool = poolOf(functionName)
      await pool.room()
      return pool.invoke(randomUUID(), Buffer.from(JSON.stringify(payload)))
    },
    invokeAsync(functionName, payload) {
      poolOf(functionName)
      queues.get(functionName)?.add(randomUUID(), Buffer.from(JSON.stringify(payload)))
    },
    duplicate: (functionName, count) => queues.get(functionName)?.duplicate(count),
    instances: () =>
      [...pools].flatMap(([functionName, pool]) => [...pool.instances].map((instance) => ({ functionName, instance }))),
    reportCutOff() {
      const responsePayload = { errorType: 'Runtime.ExitError', errorMessage: 'The local cloud ended while it ran' }
      for (const { requestId, functionName, payload } of inFlight.takeCutOff()) {
        if (pools.get(functionName)?.config.failureDestination !== true) continue
        const requestPayload = payload
        options.onFailure(failureRecord({ requestId, functionName, attempts: 1, requestPayload, responsePayload }))
      }
    },
    stop() {
      stopping ??= (async () => {
        for (const queue of queues.values()) queue.stop()
        await Promise.all([...pools.values()].map((pool) => pool.stop(options.graceMs ?? 0)))
        for (const log of logs) log.close()
        clearInterval(look)
        server.close()
        server.closeAllConnections()
      })()
      return stopping
    },
  }
}

class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly status: number
  readonly type: string
  readonly reason: string | undefined

  constructor(status: number, type: string, message: string, reason?: string) {
    super(message)
    this.status = status
    this.type = type
    this.reason = reason
  }
}

function refuse(response: ServerResponse, { status, type, message, reason }: ServiceError): void {
  const body = JSON.stringify({ Type: status >= 500 ? 'Service' : 'User', Message: message, message, Reason: reason })
  response.writeHead(status, { 'Content-Type': 'application/json', 'x-amzn-ErrorType': type })
  response.end(body)
}

async function payloadOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  try {
    const body = await readBody(request, limit)
    if (body.length === 0) return Buffer.from('{}')
    JSON.parse(body.toString())
    return body
  } catch (error) {
    if (error instanceof BodyTooLarge)
      throw new ServiceError(
        413,
        'RequestTooLargeException',
        `Request must be smaller than ${limit} bytes for the InvokeFunction operation`,
      )
    if (error instanceof SyntaxError)
      throw new ServiceError(
        400,
        'InvalidRequestContentException',
        `Could not parse request body into json: ${error.message}`,
      )
    throw error
  }
}

/** Of a name, a partial or a full ARN, with or without a qualifier. */
function functionName(text: string): string {
  const parts = text.split(':')
  const at = parts.indexOf('function')
  return (at < 0 ? parts[0] : parts[at + 1]) ?? text
}
