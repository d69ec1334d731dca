/** The optional body `{"version": N}` of what goes back to an earlier version. */
import { badRequest, type Call } from './answer.ts'
import { integer, named, nullable, object, optional } from './schema.ts'

export const versionBody = named('Version', object({ version: optional(nullable(integer)) }))

/** Null: no body, or none of the key. `RestError` 400 for anything else. */
export async function askedVersion(call: Call): Promise<number | null> {
  if ((await call.text()).trim() === '') return null
  const body = await call.json()
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('Expected {"version": N}')
  const { version = null, ...others } = body as Record<string, unknown>
  const [stranger] = Object.keys(others)
  if (stranger !== undefined) throw badRequest(`Unrecognized field "${stranger}": expected {"version": N}`)
  if (version === null) return null
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw badRequest(`The version must be a number from 1 on, not ${JSON.stringify(version)}`)
  return version
}
