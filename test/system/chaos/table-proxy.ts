/** Stands between the functions and their table, and answers as a table in trouble does. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK } from '../../../lib/local/ports.ts'

/**
 * `throttled`, `failing`: refuses. `silent`: takes requests and never answers. `forgetful`: does what it is asked to,
 * and never answers every other time, so that the client can't know.
 */
export const TROUBLES = ['throttled', 'failing', 'silent', 'forgetful'] as const
export type Trouble = (typeof TROUBLES)[number]

export interface TableProxy {
  readonly address: string
  behave(trouble: Trouble | null): void
  stop(): Promise<void>
}

const REFUSALS = {
  throttled: { status: 400, type: 'ProvisionedThroughputExceededException' },
  failing: { status: 500, type: 'InternalServerError' },
} as const

export async function startTableProxy(table: string): Promise<TableProxy> {
  const target = new URL(table)
  const agent = new Agent({ keepAlive: true })
  let trouble: Trouble | null = null
  let count = 0
  const server = createServer((incoming, outgoing) => {
    switch (trouble) {
      case 'throttled':
      case 'failing':
        incoming.resume().once('end', () => refuse(outgoing, REFUSALS[trouble as 'throttled' | 'failing']))
        return
      case 'silent':
        incoming.resume()
        return
      default:
        passOn(incoming, outgoing, trouble === 'forgetful' && count++ % 2 === 0)
    }
  })
  server.keepAliveTimeout = 0
  server.requestTimeout = 0

  function passOn(incoming: IncomingMessage, outgoing: ServerResponse, forget: boolean): void {
    const { method, url, headers } = incoming
    const { hostname, port } = target
    const passed = request({ hostname, port, method, path: url, headers, agent }, (answer) => {
      if (forget) return void answer.resume()
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.once('error', () => outgoing.destroy())
    incoming.pipe(passed)
  }

  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve))
  return {
    address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    behave(next) {
      trouble = next
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

function refuse(outgoing: ServerResponse, { status, type }: { readonly status: number; readonly type: string }): void {
  outgoing.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' })
  outgoing.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'A fault on purpose' }))
}
