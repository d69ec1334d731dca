/** A server of AWS's JSON protocols (1.0 and 1.1): one path, the action in `X-Amz-Target`. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Part } from './part.ts'
import { LOOPBACK } from './ports.ts'
import { readBody } from './runtime-api.ts'

/** Answers an action's input; throws `AwsError` to refuse it. */
export type Actions = Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => unknown>>

export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

export async function serveAwsJson(actions: Actions): Promise<Part> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'Content-Type': request.headers['content-type'] ?? 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(body))
    }
    try {
      const target = String(request.headers['x-amz-target'] ?? '')
      const action = actions[target.slice(target.indexOf('.') + 1)]
      if (action === undefined)
        throw new AwsError('UnknownOperationException', `${target} is not part of the local cloud`)
      answer(200, action(JSON.parse((await readBody(request)).toString()) as Readonly<Record<string, unknown>>))
    } catch (error) {
      const type = error instanceof AwsError ? error.type : 'InternalFailure'
      answer(error instanceof AwsError ? 400 : 500, { __type: type, message: (error as Error).message })
    }
  })
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, resolve)
  })
  return {
    address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    pid: process.pid,
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
