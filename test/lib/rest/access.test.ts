/** Logins, pages of other origins and headers of answers, before the endpoints; CORS as Connect 4.3.1 was seen to answer. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bcrypt from 'bcryptjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { openAccess } from '../../../lib/rest/access.ts'
import { worker } from '../../../lib/worker/settings.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-access-'))
  file = join(folder, 'htpasswd')
  const alice = (await bcrypt.hash("alice's: word", 4)).replace(/^\$2b/, '$2y')
  // As `htpasswd -s` writes it.
  const bob = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='
  await writeFile(file, `# people\nalice:${alice}\n\nbob:${bob}\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function open(settings: RawConfig) {
  const access = await openAccess(worker(settings))
  let handled = 0
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await access.answer(new Request(`http://localhost${path}`, { method, headers }), async () => {
      handled++
      return Response.json({ handled })
    })
    return { status: answer.status, headers: Object.fromEntries(answer.headers) }
  }
  return { ask, handled: () => handled }
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

test('asks nobody without settings', async () => {
  const { ask } = await open({})
  expect(await ask('/connectors', { origin: 'http://a.example' })).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
  })
})

test('lets in who has the token', async () => {
  const { ask, handled } = await open({ 'penstock.rest.auth.token': 'the-token' })
  expect((await ask('/connectors', { authorization: 'Bearer the-token' })).status).toBe(200)
  expect((await ask('/connectors', { authorization: 'bearer the-token' })).status).toBe(200)
  expect(handled()).toBe(2)
  for (const authorization of ['Bearer the-tokem', 'Bearer the-token2', 'Bearer', 'the-token', 'Basic dGhlLXRva2Vu'])
    expect(await ask('/connectors', { authorization })).toEqual({
      status: 401,
      headers: { 'content-type': 'application/json', 'www-authenticate': 'Bearer realm="penstock"' },
    })
  expect((await ask('/connectors')).status).toBe(401)
  expect(handled()).toBe(2)
})

test('is open for /health alone', async () => {
  const { ask } = await open({ 'penstock.rest.auth.token': 'the-token' })
  expect((await ask('/health')).status).toBe(200)
  for (const path of ['/', '/health/x', '/healthy', '/connectors?/health', '/health/../connectors', '/penstock/health'])
    expect((await ask(path)).status).toBe(401)
  expect((await ask('/health', {}, 'POST')).status).toBe(401)
})

test('lets in who stands in the file with his password', async () => {
  const { ask } = await open({ 'penstock.rest.auth.basic': file })
  for (let i = 0; i < 2; i++) expect((await ask('/', basic('alice', "alice's: word"))).status).toBe(200)
  expect((await ask('/', basic('bob', 'test1'))).status).toBe(401)
  expect((await ask('/', basic('bob', 'password'))).status).toBe(200)
  expect((await ask('/', basic('alice', 'wrong'))).status).toBe(401)
  expect((await ask('/', basic('carol', "alice's: word"))).status).toBe(401)
  const refused = await ask('/', { authorization: 'Basic ???' })
  expect(refused).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="penstock", charset="UTF-8"' },
  })
})

test('takes the token or a password where both are set', async () => {
  const { ask } = await open({ 'penstock.rest.auth.basic': file, 'penstock.rest.auth.token': 'the-token' })
  expect((await ask('/', basic('alice', "alice's: word"))).status).toBe(200)
  expect((await ask('/', { authorization: 'Bearer the-token' })).status).toBe(200)
  expect((await ask('/')).headers['www-authenticate']).toBe(
    'Bearer realm="penstock", Basic realm="penstock", charset="UTF-8"',
  )
})

test.each([
  ['an empty token', { 'penstock.rest.auth.token': '' }, 'penstock.rest.auth.token is empty'],
  ['a reference that stayed', { 'penstock.rest.auth.token': '${nope:x}' }, 'that no config provider resolves'],
  ['no file', { 'penstock.rest.auth.basic': '/nowhere/htpasswd' }, "/nowhere/htpasswd can't be read (ENOENT)"],
])('refuses to open with %s', async (_, settings, message) => {
  await expect(openAccess(worker(settings))).rejects.toThrow(message)
})

test('refuses hashes that say too much, naming the line', async () => {
  const other = join(folder, 'plain')
  await writeFile(other, 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nbob:$apr1$salt$xxxxxxxxxxxxxxxxxxxxxx\n')
  await expect(openAccess(worker({ 'penstock.rest.auth.basic': other }))).rejects.toThrow(
    /line 2 of .*plain is no name with a bcrypt or \{SHA\} hash: make it with htpasswd -B/,
  )
  await writeFile(other, '\n')
  await utimes(other, 1, 1)
  await expect(openAccess(worker({ 'penstock.rest.auth.basic': other }))).rejects.toThrow('has no user')
})

const CORS = { 'access.control.allow.origin': 'http://a.example, https://.*\\.b\\.example' }
const ALLOWED = { 'access-control-allow-origin': 'http://a.example', vary: 'Origin' }
const PREFLIGHT = { origin: 'http://a.example', 'access-control-request-method': 'PUT' }

test('tells pages of allowed origins so, and others nothing', async () => {
  const { ask } = await open({ ...CORS, 'access.control.allow.methods': 'GET,POST,PUT' })
  expect((await ask('/', { origin: 'http://a.example' })).headers).toMatchObject(ALLOWED)
  expect((await ask('/', { origin: 'https://x.b.example' })).headers['access-control-allow-origin']).toBe(
    'https://x.b.example',
  )
  for (const origin of ['http://evil.example', 'http://a-example', 'https://xxb.example'])
    expect((await ask('/', { origin })).headers).toEqual({ 'content-type': 'application/json', vary: 'Origin' })
  expect((await ask('/connectors', PREFLIGHT, 'OPTIONS')).headers).toMatchObject({
    ...ALLOWED,
    'access-control-allow-methods': 'GET,POST,PUT',
    'access-control-allow-headers': 'Content-Type',
    'access-control-max-age': '60',
  })
  expect((await ask('/connectors', { origin: 'http://a.example' }, 'OPTIONS')).headers).not.toHaveProperty(
    'access-control-max-age',
  )
})

test('allows GET, POST and HEAD of any origin with *', async () => {
  const { ask } = await open({ 'access.control.allow.origin': '*' })
  expect((await ask('/connectors', { ...PREFLIGHT, origin: 'http://z.example' }, 'OPTIONS')).headers).toMatchObject({
    'access-control-allow-origin': 'http://z.example',
    'access-control-allow-methods': 'GET,POST,HEAD',
  })
})

test('lets a browser ask without a login, and then send one', async () => {
  const { ask } = await open({ ...CORS, 'penstock.rest.auth.token': 'the-token' })
  const asked = await ask('/connectors', PREFLIGHT, 'OPTIONS')
  expect(asked).toMatchObject({
    status: 200,
    headers: { 'access-control-allow-headers': 'Content-Type,Authorization' },
  })
  expect(await ask('/connectors', { origin: 'http://a.example' })).toMatchObject({ status: 401, headers: ALLOWED })
})

test('sets the headers that are wanted of every answer', async () => {
  const { ask } = await open({
    'response.http.headers.config': 'add X-One: 1, set Cache-Control: no-store, "add X-List: a, b", setDate Expires: 0',
    'penstock.rest.auth.token': 'the-token',
  })
  const { headers } = await ask('/connectors')
  expect(headers).toMatchObject({ 'x-one': '1', 'cache-control': 'no-store', 'x-list': 'a, b' })
  expect(Math.abs(Date.parse(headers['expires'] ?? '') - Date.now())).toBeLessThan(60_000)
  expect(() => worker({ 'response.http.headers.config': 'put X-One: 1' })).toThrow(
    'Expected set, add, setDate or addDate',
  )
})
