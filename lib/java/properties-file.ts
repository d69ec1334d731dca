/** Java properties files, as `java.util.Properties` reads them. */

/** Later lines win. Comments begin with `#` or `!`; a backslash at its end joins a line with the next. */
export function propertiesOf(text: string): Record<string, string> {
  const joined = text.replace(/\r\n?/g, '\n').replace(/((?:^|[^\\])(?:\\\\)*)\\\n[ \t\f]*/g, '$1')
  const entries = joined.split('\n').flatMap((line) => {
    const rest = line.replace(/^[ \t\f]+/, '')
    if (rest === '' || rest.startsWith('#') || rest.startsWith('!')) return []
    const [, key = '', value = ''] = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(rest) ?? []
    return [[unescaped(key), unescaped(value)] as const]
  })
  return Object.fromEntries(entries)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, code: string) =>
    code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  )
}
