/** Java's character sets by name, as far as the platform can read them. */
import { TextDecoder } from 'node:util'

export interface Charset {
  readonly name: string
  decode(bytes: Uint8Array): string
  /** What the set lacks becomes `?`. */
  encode(text: string): Uint8Array
}

const ALIASES: Readonly<Record<string, string>> = {
  UTF8: 'UTF-8',
  UTF16: 'UTF-16',
  'UTF-16': 'UTF-16',
  UNICODE: 'UTF-16',
  ASCII: 'US-ASCII',
  US_ASCII: 'US-ASCII',
  ISO646_US: 'US-ASCII',
  LATIN1: 'ISO-8859-1',
  ISO8859_1: 'ISO-8859-1',
  'ISO8859-1': 'ISO-8859-1',
  ISO_8859_1: 'ISO-8859-1',
  CP1252: 'WINDOWS-1252',
  UTF32: 'UTF-32',
  IBM850: 'IBM850',
  CP850: 'IBM850',
  SJIS: 'SHIFT_JIS',
}

/** Undefined for a name that Java, or the platform, doesn't know. */
export function charset(name: string): Charset | undefined {
  const upper = name.toUpperCase()
  const canonical = ALIASES[upper] ?? upper
  switch (canonical) {
    case 'UTF-8':
      return { name: canonical, decode: (bytes) => utf8Text(view(bytes)), encode: (text) => Buffer.from(text) }
    case 'UTF-16':
      return { name: canonical, decode: utf16, encode: (text) => utf16be(`\ufeff${text}`, text === '') }
    case 'UTF-16BE':
      return { name: canonical, decode: (bytes) => utf16Units(bytes, false), encode: (text) => utf16be(text) }
    case 'UTF-16LE':
      return { name: canonical, decode: (bytes) => utf16Units(bytes, true), encode: (t) => Buffer.from(t, 'utf16le') }
    case 'UTF-32':
      return { name: canonical, decode: utf32, encode: utf32be }
    case 'US-ASCII':
      return { name: canonical, decode: (bytes) => mapBytes(bytes, ASCII), encode: tableEncoder(ASCII) }
    case 'ISO-8859-1':
      return { name: canonical, decode: (bytes) => view(bytes).toString('latin1'), encode: tableEncoder(LATIN1) }
    case 'IBM850':
      return { name: canonical, decode: (bytes) => mapBytes(bytes, CP850), encode: tableEncoder(CP850) }
    default:
      return platformCharset(canonical)
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Java replaces an encoded surrogate, or its first two bytes, by one character; the platform each of its bytes. */
export function utf8Text(bytes: Buffer, start = 0, end: number = bytes.length): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\ufffd\ufffd')) return text
  const mended = bytes.toString('latin1', start, end).replace(/\xed[\xa0-\xbf][\x80-\xbf]?/g, '\xef\xbf\xbd')
  return Buffer.from(mended, 'latin1').toString('utf8')
}

function utf16(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16Units(bytes.subarray(2), true)
  return utf16Units(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes, false)
}

/** A high surrogate without its low one takes what follows with it: one character stands for both. */
const SURROGATES = /[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udbff][\s\S]?|[\udc00-\udfff]/g

function utf16Units(bytes: Uint8Array, little: boolean): string {
  const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1))
  const units = (little ? whole : whole.swap16()).toString('utf16le')
  const text = units.replace(SURROGATES, (found) => (/^[\ud800-\udbff][\udc00-\udfff]$/.test(found) ? found : '\ufffd'))
  const isCut = bytes.length % 2 === 1 && !/[\ud800-\udbff]$/.test(units)
  return isCut ? `${text}\ufffd` : text
}

function utf16be(text: string, empty = false): Uint8Array {
  return empty ? new Uint8Array(0) : Buffer.from(text, 'utf16le').swap16()
}

function utf32(bytes: Uint8Array): string {
  const data = view(bytes)
  const little = data.length >= 4 && data.readUInt32LE(0) === 0xfeff
  const marked = little || (data.length >= 4 && data.readUInt32BE(0) === 0xfeff)
  let text = ''
  for (let at = marked ? 4 : 0; at < data.length; at += 4) {
    const code = at + 4 > data.length ? -1 : little ? data.readUInt32LE(at) : data.readUInt32BE(at)
    text += code < 0 || code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
  }
  return text
}

function utf32be(text: string): Uint8Array {
  const codes = [...text]
  const out = Buffer.alloc(codes.length * 4)
  for (const [i, code] of codes.entries()) out.writeUInt32BE(code.codePointAt(0) ?? 0, i * 4)
  return out
}

const ASCII = Array.from({ length: 256 }, (_, code) => (code < 128 ? String.fromCharCode(code) : '\ufffd'))
const LATIN1 = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
const CP850 = [
  ...ASCII.slice(0, 128),
  ...'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
]

function mapBytes(bytes: Uint8Array, table: readonly string[]): string {
  let text = ''
  for (const byte of bytes) text += table[byte]
  return text
}

function tableEncoder(table: readonly string[]): (text: string) => Uint8Array {
  const codes = new Map(table.flatMap((char, code) => (char === '\ufffd' ? [] : [[char, code] as const])))
  return (text) => Uint8Array.from([...text], (char) => codes.get(char) ?? 63)
}

/** Single and multibyte sets that `TextDecoder` reads; writing goes by the inverse, made on first use. */
function platformCharset(name: string): Charset | undefined {
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(name.toLowerCase(), { ignoreBOM: true })
  } catch {
    return undefined
  }
  let codes: Map<string, Uint8Array> | undefined
  const encode = (text: string) => {
    codes ??= inverse(decoder)
    return Buffer.concat(Array.from(text, (char) => codes?.get(char) ?? Uint8Array.of(63)))
  }
  return { name, decode: (bytes) => decoder.decode(bytes), encode }
}

function inverse(decoder: TextDecoder): Map<string, Uint8Array> {
  const codes = new Map<string, Uint8Array>()
  const add = (bytes: Uint8Array) => {
    const char = decoder.decode(bytes)
    if ([...char].length === 1 && char !== '\ufffd' && !codes.has(char)) codes.set(char, bytes)
  }
  for (let a = 0; a < 256; a++) add(Uint8Array.of(a))
  for (let a = 128; a < 256; a++) for (let b = 48; b < 256; b++) add(Uint8Array.of(a, b))
  return codes
}
