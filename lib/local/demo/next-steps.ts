/** What to try while the demo runs: commands to paste. */
import { relative } from 'node:path'
import { colors as pc } from '../../observe/colors.ts'
import type { DemoFiles } from './data.ts'

const NODE = 'node_modules/.bin/node'

export function nextSteps(url: string, files: DemoFiles): string {
  const file = (path: string) => relative(process.cwd(), path)
  const query = (sql: string) =>
    `${NODE} -p "new (require('node:sqlite').DatabaseSync)('${file(files.database)}').prepare('${sql}').all()"`
  const flight = '{"date":"2026/01/01 09:00","delay":5,"distance":1201,"origin":"OSL","destination":"LIS"}'
  const owner = "JSON.parse(fs.readFileSync(0)).find((i) => i.connector === 'pageviews' && i.state === 'owner').pid"
  const config = `{"connector.class": "FileStreamSource", "file": "/tmp/lines.txt", "topic": "lines"}`
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [
      'Append a line to a source, and find it in SQLite',
      [
        `echo '${flight}' >> ${file(files.flights)}`,
        query('SELECT * FROM flights ORDER BY __connect_offset DESC LIMIT 1'),
      ],
    ],
    [
      'Kill an instance: the next slice goes on where it was',
      [`kill -9 $(curl -s ${url}/penstock/instances | ${NODE} -p "${owner}")`],
    ],
    [
      'Pause, resume and delete',
      [
        `curl -X PUT ${url}/connectors/pageviews/pause`,
        `curl -X PUT ${url}/connectors/pageviews/resume`,
        `curl -X DELETE ${url}/connectors/pageviews`,
      ],
    ],
    [
      'A connector of your own',
      [
        'echo hello > /tmp/lines.txt',
        `curl -X PUT ${url}/connectors/lines/config -H 'Content-Type: application/json' -d '${config}'`,
        `curl ${url}/connectors/lines/status`,
      ],
    ],
  ]
  return steps
    .map(([title, commands]) => `${pc.bold(title)}\n${commands.map((command) => `  ${command}\n`).join('')}`)
    .join('')
}
