/** `response.http.headers.config`: headers of every REST answer, as Jetty's `HeaderFilter` takes them. */
import { ConfigError } from '../connect/errors.ts'
import type { Validator } from '../connect/settings.ts'

const ACTIONS = ['set', 'add', 'setDate', 'addDate'] as const

export interface ResponseHeader {
  readonly action: (typeof ACTIONS)[number]
  readonly name: string
  /** Of a date: the ms from now. */
  readonly value: string
}

/** `set X-Frame-Options: DENY, add Cache-Control: no-store`; a rule with a comma inside is in double quotes. */
export function responseHeaders(text: string): ResponseHeader[] {
  return rulesOf(text).map((rule) => {
    const [, action = '', name = '', value = ''] = /^(\S+)\s+([^\s:]+)\s*:\s*(.*)$/s.exec(rule) ?? []
    const known = ACTIONS.find((each) => each.toLowerCase() === action.toLowerCase())
    const isNumber = /^-?\d+$/.test(value)
    if (known === undefined || name === '' || (known.endsWith('Date') && !isNumber))
      throw new ConfigError(`Expected set, add, setDate or addDate, a name, a colon and a value: ${rule}`)
    return { action: known, name, value }
  })
}

function rulesOf(text: string): string[] {
  const rules = text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
  return rules.map((rule) => rule.trim().replace(/^"(.*)"$/s, '$1')).filter((rule) => rule !== '')
}

export const headersConfig: Validator = {
  allowed: '"action name: value", ...',
  check(name, value) {
    try {
      responseHeaders(String(value))
    } catch (error) {
      throw ConfigError.invalid(name, value, (error as Error).message)
    }
  },
}
