/** Java's character classes as the inside of a class of JavaScript's `v` mode. */

export interface Flags {
  readonly ignoreCase: boolean
  readonly unicodeCase: boolean
  readonly unixLines: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
  readonly comments: boolean
  readonly unicodeClass: boolean
}

export const NO_FLAGS: Flags = {
  ignoreCase: false,
  unicodeCase: false,
  unixLines: false,
  multiline: false,
  dotAll: false,
  comments: false,
  unicodeClass: false,
}

const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: '0-9A-Za-z',
  Punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  Graph: '\\x21-\\x7e',
  Print: '\\x20-\\x7e',
  Blank: '\\x20\\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9A-Fa-f',
  Space: '\\x20\\t\\n\\x0b\\f\\r',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaTitleCase: '\\p{Lt}',
  javaAlphabetic: '\\p{Alphabetic}',
  javaIdeographic: '\\p{Ideographic}',
  javaDigit: '\\p{Nd}',
  javaLetter: '\\p{L}',
  javaLetterOrDigit: '\\p{L}\\p{Nd}',
  javaDefined: '\\p{Assigned}',
  javaSpaceChar: '\\p{Z}',
  javaWhitespace: '\\t-\\r\\x1c-\\x20\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000',
  javaISOControl: '\\x00-\\x1f\\x7f-\\x9f',
  javaMirrored: '\\p{Bidi_M}',
  L1: '\\x00-\\xff',
  all: '\\p{Any}',
  LD: '\\p{L}\\p{Nd}',
  LC: '\\p{LC}',
}

const UNICODE_POSIX: Readonly<Record<string, string>> = {
  Lower: '\\p{Lowercase}',
  Upper: '\\p{Uppercase}',
  Alpha: '\\p{Alphabetic}',
  Digit: '\\p{Nd}',
  Alnum: '\\p{Alphabetic}\\p{Nd}',
  Punct: '\\p{P}',
  Space: '\\p{White_Space}',
  Blank: '\\p{Zs}\\t',
  Cntrl: '\\p{Cc}',
}

const BLOCKS: Readonly<Record<string, string>> = {
  BASICLATIN: '\\x00-\\x7f',
  LATIN1SUPPLEMENT: '\\x80-\\xff',
  LATINEXTENDEDA: '\\u0100-\\u017f',
  LATINEXTENDEDB: '\\u0180-\\u024f',
  GREEK: '\\u0370-\\u03ff',
  GREEKANDCOPTIC: '\\u0370-\\u03ff',
  CYRILLIC: '\\u0400-\\u04ff',
  ARMENIAN: '\\u0530-\\u058f',
  HEBREW: '\\u0590-\\u05ff',
  ARABIC: '\\u0600-\\u06ff',
  DEVANAGARI: '\\u0900-\\u097f',
  THAI: '\\u0e00-\\u0e7f',
  HANGULJAMO: '\\u1100-\\u11ff',
  GENERALPUNCTUATION: '\\u2000-\\u206f',
  CURRENCYSYMBOLS: '\\u20a0-\\u20cf',
  ARROWS: '\\u2190-\\u21ff',
  MATHEMATICALOPERATORS: '\\u2200-\\u22ff',
  BOXDRAWING: '\\u2500-\\u257f',
  HIRAGANA: '\\u3040-\\u309f',
  KATAKANA: '\\u30a0-\\u30ff',
  CJKUNIFIEDIDEOGRAPHS: '\\u4e00-\\u9fff',
  HANGULSYLLABLES: '\\uac00-\\ud7af',
}

/** Undefined for a name that Java doesn't know either. */
export function property(name: string, flags: Flags): string | undefined {
  const unicode = flags.unicodeClass ? UNICODE_POSIX[name] : undefined
  const posix = unicode ?? (Object.hasOwn(POSIX, name) ? POSIX[name] : undefined)
  if (posix !== undefined) return posix
  const equals = /^(script|sc|block|blk|general_category|gc)=(.+)$/i.exec(name)
  if (equals !== null) {
    const [, kind = '', value = ''] = equals
    if (/^b/i.test(kind)) return block(value)
    return /^g/i.test(kind) ? platform(value) : platform(`Script=${value}`)
  }
  if (name.startsWith('In')) return block(name.slice(2))
  if (name.startsWith('Is')) {
    const rest = name.slice(2)
    return (
      BINARY[rest.toUpperCase()] ?? platform(rest) ?? platform(`Script=${rest}`) ?? platform(`Script=${title(rest)}`)
    )
  }
  // Categories go without a prefix: L, Lu. Scripts and binary properties don't.
  return /^[A-Z][a-z]?$/.test(name) ? platform(name) : undefined
}

const BINARY: Readonly<Record<string, string>> = {
  ALPHABETIC: '\\p{Alphabetic}',
  LETTER: '\\p{L}',
  IDEOGRAPHIC: '\\p{Ideographic}',
  LOWERCASE: '\\p{Lowercase}',
  UPPERCASE: '\\p{Uppercase}',
  TITLECASE: '\\p{Lt}',
  PUNCTUATION: '\\p{P}',
  CONTROL: '\\p{Cc}',
  WHITE_SPACE: '\\p{White_Space}',
  WHITESPACE: '\\p{White_Space}',
  DIGIT: '\\p{Nd}',
  HEX_DIGIT: '\\p{Hex_Digit}',
  JOIN_CONTROL: '\\p{Join_Control}',
  NONCHARACTER_CODE_POINT: '\\p{Noncharacter_Code_Point}',
  ASSIGNED: '\\p{Assigned}',
}

const title = (name: string) => name.toLowerCase().replace(/(?:^|_)[a-z]/g, (letter) => letter.toUpperCase())

function block(name: string): string | undefined {
  return BLOCKS[name.toUpperCase().replace(/[-_ ]/g, '')]
}

function platform(name: string): string | undefined {
  try {
    new RegExp(`\\p{${name}}`, 'v')
    return `\\p{${name}}`
  } catch {
    return undefined
  }
}

export const LINE_ENDS = '\\n\\r\\x85\\u2028\\u2029'

/** `\d`, `\w`, `\s`, `\h`, `\v` as the inside of a class; the upper case letters are their complements. */
export function shorthand(letter: string, flags: Flags): string | undefined {
  switch (letter.toLowerCase()) {
    case 'd':
      return flags.unicodeClass ? '\\p{Nd}' : '0-9'
    case 'w':
      return flags.unicodeClass ? '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}' : '0-9A-Z_a-z'
    case 's':
      return flags.unicodeClass ? '\\p{White_Space}' : '\\x20\\t\\n\\x0b\\f\\r'
    case 'h':
      return '\\x20\\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000'
    case 'v':
      return '\\n\\x0b\\f\\r\\x85\\u2028\\u2029'
    default:
      return undefined
  }
}

/** One code point inside or outside of a class, escaped where it could mean anything. */
function literal(code: number): string {
  const char = String.fromCodePoint(code)
  return /^[A-Za-z0-9]$/.test(char) ? char : `\\u{${code.toString(16)}}`
}

/** A range, and in ASCII the other case of its letters where case is ignored (without the flag `u`). */
export function range(from: number, to: number, flags: Flags): string {
  const text = from === to ? literal(from) : `${literal(from)}-${literal(to)}`
  if (!flags.ignoreCase || flags.unicodeCase || flags.unicodeClass) return text
  return text + swapped(from, to, 65, 32) + swapped(from, to, 97, -32)
}

function swapped(from: number, to: number, first: number, shift: number): string {
  const low = Math.max(from, first)
  const high = Math.min(to, first + 25)
  if (low > high) return ''
  return low === high ? literal(low + shift) : `${literal(low + shift)}-${literal(high + shift)}`
}
