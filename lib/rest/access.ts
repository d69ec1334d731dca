/** What is before every endpoint: logins, pages of other origins, headers of answers. */
import { responseHeaders } from '../worker/response-headers.ts'
import type { Worker } from '../worker/settings.ts'
import { RestError } from './answer.ts'
import { failure } from './app.ts'
import { auth } from './auth.ts'
import { cors, isPreflight } from './cors.ts'

export interface Access {
  /** The answer of `handle`, or 401 without asking it. */
  answer(request: Request, handle: (request: Request) => Promise<Response>): Promise<Response>
}

/** `ConfigError` for settings that can't be. */
export async function openAccess({ settings }: Pick<Worker, 'settings'>): Promise<Access> {
  const login = await auth(settings)
  const origins = cors(settings, login !== null)
  const headers = responseHeaders(settings['response.http.headers.config'])
  return {
    async answer(request, handle) {
      const isOpen = login === null || isOpenToAll(request) || (origins !== null && isPreflight(request))
      const permitted = isOpen || (await login.permits(request.headers.get('authorization')))
      const answer = permitted ? await handle(request) : refused(login?.challenges ?? [])
      for (const [name, value] of Object.entries(origins?.headers(request) ?? {})) answer.headers.set(name, value)
      for (const { action, name, value } of headers) {
        const text = action.endsWith('Date') ? new Date(Date.now() + Number(value)).toUTCString() : value
        if (action.startsWith('set')) answer.headers.set(name, text)
        else answer.headers.append(name, text)
      }
      return answer
    },
  }
}

/** A load balancer can't log in, and health tells nothing but itself. */
function isOpenToAll(request: Request): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && new URL(request.url).pathname === '/health'
}

function refused(challenges: readonly string[]): Response {
  const answer = failure(new RestError(401, 'Log in: this REST API asks for an Authorization header'))
  for (const challenge of challenges) answer.headers.append('WWW-Authenticate', challenge)
  return answer
}
