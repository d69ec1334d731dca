/** HTTP to and from API Gateway's events of payload format 2.0. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ACCOUNT } from './function-config.ts'

const STAGE = '$default'
/** API Gateway hands on other bodies as Base64. */
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|.*\+json|.*\+xml)\b)/

export interface HttpEvent {
  readonly version: '2.0'
  readonly routeKey: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly cookies?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly queryStringParameters?: Readonly<Record<string, string>>
  readonly requestContext: Readonly<Record<string, unknown>>
  readonly body?: string
  readonly isBase64Encoded: boolean
}

/** What a function answers. Without a status code the whole is the body. */
export interface HttpAnswer {
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string | number | boolean>>
  readonly cookies?: readonly string[]
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

export function toEvent(request: IncomingMessage, body: Buffer): HttpEvent {
  const target = request.url ?? '/'
  const split = target.indexOf('?')
  const rawPath = split < 0 ? target : target.slice(0, split)
  const rawQueryString = split < 0 ? '' : target.slice(split + 1)
  const { cookie, ...others } = request.headers
  const headers = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, [value].flat().join(',')]))
  const isText = request.headers['content-type'] === undefined || TEXT.test(request.headers['content-type'])
  const now = new Date()
  return {
    version: '2.0',
    routeKey: STAGE,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: parameters(rawQueryString) }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'local',
      domainName: request.headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: STAGE,
      stage: STAGE,
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  }
}

export function sendAnswer(response: ServerResponse, payload: Buffer): void {
  const answer = JSON.parse(payload.toString()) as HttpAnswer | string | null
  if (answer === null || typeof answer !== 'object' || answer.statusCode === undefined) {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(payload)
    return
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, String(value))
  if (answer.cookies !== undefined) response.setHeader('Set-Cookie', [...answer.cookies])
  response.statusCode = answer.statusCode
  response.end(Buffer.from(answer.body ?? '', answer.isBase64Encoded === true ? 'base64' : 'utf8'))
}

function parameters(query: string): Record<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const before = found.get(name)
    found.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(found)
}
