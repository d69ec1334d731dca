/** API Gateway HTTP API events (payload 2.0) as web requests, and back. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'

/** The request with its path as it was sent. API Gateway has decoded it already; a local front end has not. */
export function toRequest(event: APIGatewayProxyEventV2): Request {
  const { method } = event.requestContext.http
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`
  const headers = new Headers()
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.append(name, value)
  const init = { method: REFUSED.has(method) ? `NO-${method}` : method, headers, ...requestBody(event) }
  return new Request(`http://localhost${encodePath(event.rawPath)}${query}`, init)
}

/** Methods that no web request may have; by another name, they are answered as any that no route has. */
const REFUSED: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/**
 * What a URL parser would take for the end of the path, or for an escape that it isn't. A name of dots would lead it
 * elsewhere: as a slash in a name it is refused.
 */
function encodePath(path: string): string {
  return path
    .replace(/(?<=\/)(?:\.|%2e){1,2}(?=\/|$)/gi, '%2F')
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replaceAll('?', '%3F')
    .replaceAll('#', '%23')
}

function requestBody(event: APIGatewayProxyEventV2): { readonly body?: Uint8Array<ArrayBuffer> } {
  const { body, isBase64Encoded } = event
  const { method } = event.requestContext.http
  if (body === undefined || method === 'GET' || method === 'HEAD') return {}
  return { body: isBase64Encoded ? new Uint8Array(Buffer.from(body, 'base64')) : new TextEncoder().encode(body) }
}

export async function toResult(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const headers = Object.fromEntries(response.headers)
  return { statusCode: response.status, headers, body: await response.text(), isBase64Encoded: false }
}
