/** What ends a command with an exit status other than 0. */

/** The exit statuses of every command; docs/cli.md lists them. */
export const EXIT = {
  /** Refused or failed: a config that isn't valid, a record that can't be converted, a setting that is wrong. */
  failed: 1,
  /** A command, flag or argument that isn't. */
  usage: 2,
  /** A connector, task, plugin, context or endpoint that isn't there. */
  notFound: 3,
  /** No server answers, or not in time. */
  unreachable: 4,
  /** The server wants other credentials. */
  denied: 5,
} as const

/** Told in one line, with what to do about it below. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly status: number
  readonly hint: string | null

  constructor(status: number, message: string, hint: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status
    this.hint = hint
  }
}
