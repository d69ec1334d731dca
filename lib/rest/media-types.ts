/** Which media types a request may name, as Jersey takes them. */
import { httpError, type Route } from './answer.ts'

/** `RestError` 415 for a body that is no JSON, on any method; 406 where the client doesn't want what is produced. */
export function checkMediaTypes(request: Request, produces?: Route['produces']): void {
  const { headers } = request
  const type = headers.get('content-type')
  if (type !== null && mediaType(type) !== 'application/json') throw httpError(415, mediaType(type).endsWith('/*'))
  if (produces === 'text/plain' && acceptsText(request)) return
  if (!acceptsJson(headers.get('accept') ?? '')) throw httpError(406)
}

/** Whatever its quality: `q=0` counts too. */
function acceptsJson(accept: string): boolean {
  return (
    accept.trim() === '' || accept.split(',').some((range) => /^(\*|application)\/(\*|json)$/.test(mediaType(range)))
  )
}

/** A client that asks for JSON gets no list of methods as text. */
export function acceptsText({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? ''
  return accept.trim() === '' || accept.split(',').some((range) => /^(\*|text)\/(\*|plain)$/.test(mediaType(range)))
}

function mediaType(text: string): string {
  return (text.split(';')[0] ?? '').trim().toLowerCase()
}
