/** What the user of the local cloud can mend: one line, and what to do about it. */
export class LocalError extends Error {
  override readonly name = 'LocalError'
  readonly hint: string | null

  constructor(message: string, hint: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.hint = hint
  }
}
