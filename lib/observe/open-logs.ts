/** The log reader of `PENSTOCK_LOGS`: an absolute folder, or names of CloudWatch log groups with commas between. */
import { isAbsolute } from 'node:path'
import type { LogReader } from './log-reader.ts'

export function openLogs(where: string | null): LogReader | null {
  if (where === null) return null
  return {
    async read(query) {
      if (isAbsolute(where)) return (await import('./log-files.ts')).logFiles(where).read(query)
      return (await import('./cloudwatch-logs.ts')).cloudWatchLogs(where.split(',')).read(query)
    },
  }
}
