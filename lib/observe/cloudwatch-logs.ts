/** Log lines from CloudWatch Logs, by the fields of their JSON (FilterLogEvents). */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { LOG_LEVELS, type LogLine, parseLogLine } from './log-line.ts'
import type { LogQuery, LogReader } from './log-reader.ts'

/** What is searched where no time is asked for: groups are read from their beginnings. */
const RECENT_MS = 3_600_000
/** Of a long search the pages that were got within this, in ms: API Gateway answers for the function after 30 s. */
const LONGEST_MS = 20_000

export function cloudWatchLogs(groups: readonly string[]): LogReader {
  const client = new CloudWatchLogsClient({ maxAttempts: 3 })
  return {
    async read(query) {
      const found = await Promise.all(groups.map((group) => search(client, group, query)))
      const lines = found.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
      return lines.slice(-query.limit)
    },
  }
}

async function search(client: CloudWatchLogsClient, logGroupName: string, query: LogQuery): Promise<LogLine[]> {
  const startTime = query.since === 0 ? Date.now() - RECENT_MS : query.since
  const filter = { logGroupName, startTime, filterPattern: filterPattern(query) }
  let lines: LogLine[] = []
  let nextToken: string | undefined
  const end = Date.now() + LONGEST_MS
  do {
    const page = await client.send(
      new FilterLogEventsCommand(nextToken === undefined ? filter : { ...filter, nextToken }),
    )
    const found = (page.events ?? []).flatMap(({ message = '' }) => parseLogLine(message) ?? [])
    lines = [...lines, ...found].slice(-query.limit)
    nextToken = page.nextToken
  } while (nextToken !== undefined && Date.now() < end)
  return lines
}

function filterPattern({ connector, task, level }: LogQuery): string {
  const levels = LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)).map((one) => `$.level = "${one}"`)
  const ofTask = task === null ? '' : ` && $.task = ${task}`
  return `{ $.connector = "${connector.replace(/["\\]/g, '\\$&')}"${ofTask} && (${levels.join(' || ')}) }`
}
