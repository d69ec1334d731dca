/** Lambda's Runtime API for one instance, on a port of its own: nobody but the instance can take its invocations. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK } from './ports.ts'

const PREFIX = '/2018-06-01/runtime/'

/** What the instance is given to do. */
export interface Assignment {
  readonly requestId: string
  /** Epoch ms. */
  readonly deadline: number
  readonly functionArn: string
  readonly payload: Uint8Array
}

export interface RuntimeEvents {
  /** The instance is ready for an invocation; called once for each long poll. */
  next(give: (assignment: Assignment) => void): void
  response(requestId: string, payload: Buffer): void
  error(requestId: string, payload: Buffer): void
  initError(payload: Buffer): void
}

export interface RuntimeApi {
  /** `host:port`, as in `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string
  close(): void
}

export async function serveRuntimeApi(events: RuntimeEvents): Promise<RuntimeApi> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').startsWith(PREFIX) ? (request.url ?? '').slice(PREFIX.length) : ''
    if (request.method === 'GET' && path === 'invocation/next') return events.next((work) => hand(response, work))
    const [kind, requestId, what] = path.split('/')
    readBody(request).then(
      (body) => {
        if (path === 'init/error') events.initError(body)
        else if (kind === 'invocation' && requestId !== undefined && what === 'response')
          events.response(requestId, body)
        else if (kind === 'invocation' && requestId !== undefined && what === 'error') events.error(requestId, body)
        else return response.writeHead(404).end()
        response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}')
      },
      // The instance died in the middle of its answer; its end is reported by its exit.
      () => response.destroy(),
    )
  })
  // A slice is silent for minutes between two calls.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `${LOOPBACK}:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function hand(response: ServerResponse, work: Assignment): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': work.payload.byteLength,
    'Lambda-Runtime-Aws-Request-Id': work.requestId,
    'Lambda-Runtime-Deadline-Ms': String(work.deadline),
    'Lambda-Runtime-Invoked-Function-Arn': work.functionArn,
  })
  response.end(work.payload)
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
  }
  if (length > limit) throw new BodyTooLarge(length)
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
  readonly length: number

  constructor(length: number) {
    super(`${length} bytes`)
    this.length = length
  }
}
