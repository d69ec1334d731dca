/** Keeps secrets out of texts: logs, traces, answers. */
export const HIDDEN = '[hidden]'
/** Shorter values, and these, would take ordinary words out of a text. */
const SHORTEST = 4
const ORDINARY = /^(?:true|false|null|none|\d{1,5})$/i

/** Values that no text may show. */
export class Secrets {
  readonly #values = new Set<string>()
  #pattern: RegExp | null = null

  constructor(values: Iterable<string> = []) {
    this.add(values)
  }

  add(values: Iterable<string>): void {
    for (const value of values) for (const form of formsOf(value)) this.#values.add(form)
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length)
    this.#pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(literal).join('|'), 'g')
  }

  /** The text with `[hidden]` in the place of each. */
  scrub(text: string): string {
    return this.#pattern === null ? text : text.replace(this.#pattern, HIDDEN)
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** As a value stands in a text: as it is, in JSON, in a URL; of several lines, each that could tell something. */
function formsOf(value: string): string[] {
  const trimmed = value.trim()
  const lines = trimmed.includes('\n') ? trimmed.split('\n').filter((line) => line.trim().length >= 16) : []
  const forms = [value, trimmed, ...lines].flatMap((text) => {
    // A lone half of a surrogate pair can't be in a URL.
    const inUrl = text.isWellFormed() ? [encodeURIComponent(text)] : []
    return [text, JSON.stringify(text).slice(1, -1), ...inUrl]
  })
  return forms.filter((text) => text.length >= SHORTEST && !ORDINARY.test(text))
}
