/** What the two AWS providers have in common with those of MSK Connect (github.com/aws-samples/msk-config-providers). */
import { ConfigError, RetriableError } from '../connect/errors.ts'
import { string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'

export const AWS_SETTINGS = {
  region: string({ doc: "The region. Default: the function's.", default: '' }),
  endpoint: string({ doc: 'Another endpoint, as of a VPC.', default: '' }),
  NotFoundStrategy: string({
    doc: 'What becomes of a reference to what is not there: fail, or ignore, which makes it an empty text.',
    importance: 'low',
    default: 'fail',
    validator: oneOf('fail', 'ignore'),
  }),
} as const

/** Of an SDK's client: what isn't set is left to the environment. */
export function clientOptions(config: { readonly region: string; readonly endpoint: string }): {
  readonly region?: string
  readonly endpoint?: string
} {
  const { region, endpoint } = config
  return { ...(region === '' ? {} : { region }), ...(endpoint === '' ? {} : { endpoint }) }
}

/** `NAME?ttl=300000`: the name, and how long its value holds, in ms. */
export function withTtl(key: string): { readonly name: string; readonly ttlMs?: number } {
  const match = /^(.*)\?ttl=(\d+)$/s.exec(key)
  return match === null ? { name: key } : { name: match[1] ?? '', ttlMs: Number(match[2]) }
}

export function shortest(ttls: readonly (number | undefined)[]): { readonly ttlMs?: number } {
  const known = ttls.filter((ttl) => ttl !== undefined)
  return known.length === 0 ? {} : { ttlMs: Math.min(...known) }
}

/** An ARN has colons, which a reference can't: it may be URL-encoded. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Throttling, a service or a network that is down may pass; everything else is the settings' or the policy's. */
export function awsFailure(what: string, error: unknown): Error {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  const text = `${what}: ${name}: ${message}`
  const passes =
    status === undefined ? name !== 'CredentialsProviderError' : status >= 500 || /thrott|toomany/i.test(name)
  return passes ? new RetriableError(text, error) : new ConfigError(text, error)
}
