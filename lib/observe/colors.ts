/** Colours for a terminal, and none elsewhere: not in a pipe, a file or CI. */
import pc from 'picocolors'

export const colors: ReturnType<typeof pc.createColors> = pc.createColors(
  process.stdout.isTTY === true && process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined,
)
