import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError } from '../../../lib/connect/errors.ts'
import { parseJaas } from '../../../lib/kafka/jaas.ts'

const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`

test('any value in double quotes comes back', () => {
  const option = fc.tuple(fc.stringMatching(/^[A-Za-z_][\w.-]{0,10}$/), fc.string({ unit: 'binary', maxLength: 20 }))
  fc.assert(
    fc.property(
      fc.uniqueArray(option, { selector: ([name]) => name }),
      fc.constantFrom(' ', '\n  '),
      (options, gap) => {
        const text = ['a.b.LoginModule', 'required', ...options.map(([name, value]) => `${name}=${quoted(value)}`)]
        const { loginModule, options: parsed } = parseJaas(`${text.join(gap)};`)
        expect(loginModule).toBe('a.b.LoginModule')
        expect(parsed).toEqual(Object.fromEntries(options))
      },
    ),
  )
})

test('flags in any case, single quotes, bare words and comments', () => {
  const text = "x.M /* who */ Required user='al ice' // name\n password=secret-1 ;"
  expect(parseJaas(text).options).toEqual({ user: 'al ice', password: 'secret-1' })
})

test.each([
  ['', 'login modules'],
  ['x.M;', 'control flag'],
  ['x.M required user', 'not specified'],
  ['x.M required user=;', 'not specified'],
  ['x.M required user="a"', 'semicolon'],
  ['x.M required; y.M required;', 'more than one'],
  ['x.M required user="a;', 'out of place'],
])('%j is refused', (text, why) => {
  expect(() => parseJaas(text)).toThrow(ConfigError)
  expect(() => parseJaas(text)).toThrow(why)
})

test('a text that is refused is not shown', () => {
  expect(() => parseJaas('x.M required password="hush" "')).toThrow(/^(?!.*hush)/)
})
