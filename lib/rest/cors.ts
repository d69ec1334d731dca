/** `access.control.allow.*`: pages of other origins, as Jetty's `CrossOriginHandler` answers them for Connect 4.3. */
import { compile } from '../java/regular-expression.ts'
import type { WorkerSettings } from '../worker/settings.ts'

const MAX_AGE_S = 60
const METHODS = ['GET', 'POST', 'HEAD']

export interface Cors {
  /** The headers of the answer to a request. */
  headers(request: Request): Readonly<Record<string, string>>
}

/** Null: not wanted. `withLogin`: pages may send their `Authorization`. */
export function cors(settings: WorkerSettings, withLogin: boolean): Cors | null {
  const origins = listOf(settings['access.control.allow.origin'])
  if (origins.length === 0) return null
  const wanted = listOf(settings['access.control.allow.methods'])
  const methods = (wanted.length === 0 ? METHODS : wanted).join(',')
  return {
    headers(request) {
      const origin = request.headers.get('origin')
      if (origin === null || !origins.some((one) => allows(one, origin))) return { Vary: 'Origin' }
      const own = { Vary: 'Origin', 'Access-Control-Allow-Origin': origin }
      if (!isPreflight(request)) return own
      return {
        ...own,
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Headers': withLogin ? 'Content-Type,Authorization' : 'Content-Type',
        'Access-Control-Max-Age': String(MAX_AGE_S),
      }
    },
  }
}

/** A browser asks before it sends, and without a login. */
export function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
}

/** `*` is any origin; what has more than a dot of a regular expression is one. */
function allows(pattern: string, origin: string): boolean {
  if (pattern === '*' || pattern === origin) return true
  return /[*+?()[\]{}|\\^$]/.test(pattern) && compile(pattern).matches(origin)
}

function listOf(text: string): string[] {
  return text.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
}
