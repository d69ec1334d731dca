/** What a route gets of a request: the parts of its path, its query and its body. */
import { doubleText } from '../java/number-text.ts'
import { type Call, httpError, RestError } from './answer.ts'
import { basicUser } from './basic-user.ts'
import type { Deps } from './deps.ts'

const INT32 = 2 ** 31

/** `RestError` 404 for a task that is no number. */
export function callOf({ worker }: Deps, request: Request, params: Readonly<Record<string, string>>): Call {
  const task = params['task'] ?? '0'
  if (!/^[+-]?\d{1,10}$/.test(task) || Number(task) >= INT32 || Number(task) < -INT32) throw httpError(404, true)
  let sent: Promise<string> | undefined
  const text = () => {
    sent ??= request.text()
    return sent
  }
  return {
    name: params['name'] ?? '',
    task: Number(task),
    query: new URL(request.url).searchParams,
    user: worker.settings['penstock.rest.auth.basic'] === null ? null : basicUser(request.headers.get('authorization')),
    async json() {
      const body = await text()
      if (!request.headers.has('content-type') && body !== '') throw httpError(415, true)
      try {
        return JSON.parse(body, javaNumbers) as unknown
      } catch (cause) {
        const why = body.trim() === '' ? 'it is empty' : (cause as Error).message
        throw new RestError(400, `The request body is not JSON: ${why}`, { cause })
      }
    },
    text,
  }
}

/** What Java's text of a number would differ from JavaScript's in comes as that text: `1.0`, integers beyond 2^53. */
function javaNumbers(_key: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  if (typeof value !== 'number' || String(value) === source) return value
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : source
  const text = doubleText(value)
  return text === String(value) ? value : text
}
