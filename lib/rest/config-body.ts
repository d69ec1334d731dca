/** Connector configs in request bodies. */
import type { Properties } from '../state/config-records.ts'
import { badRequest } from './answer.ts'

/** A flat map of texts; numbers and booleans become texts as Jackson makes them, null stays. `RestError` 400. */
export function properties(body: unknown, what = 'The request body'): Properties {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest(`${what} must be a JSON object of connector settings`)
  const entries = Object.entries(body).map(([key, value]) => {
    if (value !== null && typeof value === 'object')
      throw badRequest(`The value of the connector setting ${key} must be a string, not an object or an array`)
    return [key, value === null ? null : String(value)] as const
  })
  return Object.fromEntries(entries)
}

/** The config with its `name`, which has to be the connector's. */
export function withName(name: string, config: Properties): Properties {
  const own = config['name']
  if (own === undefined || own === null) return { ...config, name }
  if (own !== name)
    throw badRequest(`Connector name configuration (${own}) doesn't match connector name in the URL (${name})`)
  return config
}
