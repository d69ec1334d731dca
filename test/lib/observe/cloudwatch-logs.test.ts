/** CloudWatch Logs can't be started here: a server answers FilterLogEvents by pages and keeps what it was asked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloudWatchLogs } from '../../../lib/observe/cloudwatch-logs.ts'

interface Asked {
  readonly logGroupName: string
  readonly filterPattern: string
  readonly startTime: number
  readonly nextToken?: string
}

const asked: Asked[] = []
const event = (second: number, group: string) => ({
  message: `${JSON.stringify({ level: 'warn', time: new Date(second * 1000).toISOString(), connector: 'a"b', message: group })}\n`,
})
const server = createServer(async (request, response) => {
  const body = (await json(request)) as Asked
  asked.push(body)
  const { logGroupName: group, nextToken } = body
  const page = { task: [{ events: [event(1, 'task')], nextToken: '1' }, { events: [event(3, 'task')] }] }[group]
  const answer = page?.[Number(nextToken ?? 0)] ?? { events: [event(2, group), { message: 'REPORT RequestId: x' }] }
  response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(answer))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  })
})
afterAll(() => server.close())

test('all pages of all groups, in the order of their times', async () => {
  const reader = cloudWatchLogs(['task', 'coordinator'])
  const query = { connector: 'a"b', task: 1, level: 'warn', since: 500, limit: 10 } as const
  const lines = await reader.read(query)
  expect(lines.map(({ time, message }) => [Date.parse(time), message])).toEqual([
    [1000, 'task'],
    [2000, 'coordinator'],
    [3000, 'task'],
  ])
  expect(asked[0]).toMatchObject({
    startTime: 500,
    filterPattern: '{ $.connector = "a\\"b" && $.task = 1 && ($.level = "warn" || $.level = "error") }',
  })
  expect(await reader.read({ ...query, limit: 1 })).toMatchObject([{ message: 'task' }])
})
