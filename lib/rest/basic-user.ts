/** The name in a `Basic` authorization; whether it holds was asked before (auth.ts). Null for another or none. */
export function basicUser(authorization: string | null): string | null {
  const [, credentials] = /^basic +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (credentials === undefined) return null
  const text = Buffer.from(credentials, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 1 ? null : text.slice(0, colon)
}
