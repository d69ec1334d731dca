/** Texts as Java's `String.getBytes(UTF_8)` has them: `?` stands for a surrogate without its other half. */

const LONE_SURROGATE = /\p{Surrogate}/gu

export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.replace(LONE_SURROGATE, '?')
}

/** Writes the text's UTF-8, for which there must be room: 3 bytes a UTF-16 unit at most. Answers its length in bytes. */
export function writeUtf8(buffer: Buffer, text: string, at: number): number {
  const written = buffer.write(text, at)
  // As many bytes as units: ASCII, which takes no look at the text.
  return written === text.length || text.isWellFormed() ? written : buffer.write(wellFormed(text), at)
}
