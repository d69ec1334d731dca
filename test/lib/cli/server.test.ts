/** Which server the commands speak to, with which credentials, and what they say where it doesn't answer. */
import { readFile, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine } from './command-line.ts'

const INFO = { version: '4.3.1', commit: 'penstock', kafka_cluster_id: 'k' }

let url: string
const seen: IncomingMessage[] = []
/** Answers whoever knows the token or the password, and says who came. */
const server = createServer((request, response) => {
  seen.push(request)
  const known = [undefined, 'Bearer sesame', `Basic ${Buffer.from('anna:pa:ss').toString('base64')}`]
  const status = known.includes(request.headers.authorization) ? 200 : 401
  const body = status === 200 ? INFO : { error_code: 401, message: 'User cannot access the resource.' }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const lastAuthorization = () => seen.at(-1)?.headers.authorization

test('no server: status 4, and what to do', async () => {
  await using cli = await commandLine('http://127.0.0.1:9')
  const ran = await cli.run('get', 'connectors')
  expect(ran.status).toBe(4)
  expect(ran.output).toMatch(
    /^penstock: No server answers at http:\/\/127.0.0.1:9 .*\n {2}Start one with `penstock up`/,
  )
  expect(ran.output).not.toMatch(/^\s+at /m)
})

test('an address that is none, and --url beside --context: status 2', async () => {
  await using cli = await commandLine(url)
  expect((await cli.run('info', '--url', 'ftp://x')).status).toBe(2)
  expect((await cli.run('info', '--url', url, '--context', 'x')).status).toBe(2)
  expect((await cli.run('info', '--context', 'x')).status).toBe(3)
})

test('credentials of the environment and of the address; others are refused with status 5', async () => {
  await using none = await commandLine(url)
  expect((await none.run('info')).status).toBe(0)
  expect(lastAuthorization()).toBeUndefined()
  await using token = await commandLine(url, { PENSTOCK_TOKEN: 'sesame' })
  expect((await token.run('info')).status).toBe(0)
  expect(lastAuthorization()).toBe('Bearer sesame')
  const inUrl = await none.run('info', '--url', url.replace('://', '://anna:pa%3Ass@'))
  expect(inUrl.status, inUrl.output).toBe(0)
  expect(inUrl.output).not.toContain('pa')
  await using wrong = await commandLine(url, { PENSTOCK_USER: 'anna', PENSTOCK_PASSWORD: 'guess' })
  const refused = await wrong.run('info')
  expect(refused.status).toBe(5)
  expect(refused.output).not.toContain('guess')
})

test('contexts: set, use, list, remove; secrets are kept for the user alone and not printed', async () => {
  await using cli = await commandLine('')
  expect(await cli.ok('context')).toMatch(/^No contexts in /)
  expect((await cli.run('context', 'set', 'prod', '--user', 'anna')).status).toBe(2)
  expect((await cli.pipe('sesame\n', 'context', 'set', 'prod', '--url', url, '--token', '-')).status).toBe(0)
  await cli.ok('config', 'set-context', 'other', '--url', 'localhost:1')
  const listed = await cli.run('context', 'list')
  expect(listed.stdout).toMatch(new RegExp(`^\\* +prod +${url} +token$`, 'm'))
  expect(listed.output).not.toContain('sesame')
  const file = join(cli.folder, 'contexts.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(file, 'utf8')).toContain('sesame')
  await cli.ok('info')
  expect(lastAuthorization()).toBe('Bearer sesame')
  await cli.ok('info', '--url', url)
  expect(lastAuthorization()).toBeUndefined()
  await cli.run('context', 'set', 'prod', '--user', 'anna', '--password', 'pa:ss')
  await cli.ok('info', '--context', 'prod')
  expect(lastAuthorization()).toBe(`Basic ${Buffer.from('anna:pa:ss').toString('base64')}`)
  await cli.run('context', 'use', 'other')
  expect(await cli.ok('context', 'current')).toBe('other\n')
  await cli.ok('context', 'remove', 'other')
  expect((await cli.run('context', 'current')).status).toBe(3)
})

test('what is no Connect is told', async () => {
  const other = createServer((_, response) => response.end('<html></html>'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  await using cli = await commandLine(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
  const ran = await cli.run('get', 'connectors')
  other.close()
  expect(ran.status).toBe(1)
  expect(ran.output).toContain("is not Kafka Connect's REST API")
})

test.each([
  [['get'], 2],
  [['get', 'nothing'], 2],
  [['apply', '--sideways'], 2],
  [['help', 'apply'], 0],
  [['apply', '--help'], 0],
  [['completion', 'tcsh'], 2],
])('%j ends with status %i', async (args, status) => {
  await using cli = await commandLine(url)
  expect((await cli.run(...args)).status).toBe(status)
})

test.each(['bash', 'zsh', 'fish'])('a completion script for %s', async (shell) => {
  await using cli = await commandLine(url)
  const ran = await cli.run('completion', shell)
  expect(ran.status).toBe(0)
  expect(ran.stdout).toContain('penstock complete --')
})
