/** `\Q...\E` in a Java regular expression, resolved before anything else (`Pattern.RemoveQEQuoting`). */

export function unquoted(chars: readonly string[]): readonly string[] {
  const first = firstQuotation(chars)
  if (first < 0) return chars
  const out = chars.slice(0, first)
  let inside = true
  let begins = true
  for (let i = first + 2; i < chars.length; ) {
    const char = chars[i++] as string
    if (/^[0-9]$/.test(char)) {
      // As a number of its own, where an escape before the quotation could swallow it.
      if (begins) out.push('\\', 'x', '3')
      out.push(char)
    } else if (isPlain(char)) out.push(char)
    else if (char !== '\\') {
      if (inside) out.push('\\')
      out.push(char)
    } else if (inside) {
      if (chars[i] === 'E') {
        i++
        inside = false
      } else out.push('\\', '\\')
    } else if (chars[i] === 'Q') {
      i++
      inside = true
      begins = true
      continue
    } else {
      out.push(char)
      if (i < chars.length) out.push(chars[i++] as string)
    }
    begins = false
  }
  return out
}

/** Letters, and all beyond ASCII. */
function isPlain(char: string): boolean {
  return /^[A-Za-z]$/.test(char) || (char.codePointAt(0) ?? 0) > 127
}

function firstQuotation(chars: readonly string[]): number {
  for (let i = 0; i < chars.length - 1; i++) {
    if (chars[i] !== '\\') continue
    if (chars[i + 1] === 'Q') return i
    i++
  }
  return -1
}
