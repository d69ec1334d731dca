/** Secrets, logins and files on the whole local cloud. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'

const TOKEN = 'only-the-provider-knows'
const LOGIN = 'unheard-of-login'
const LOST_FOLDER = 'unheard-of-folder'
const STRING = 'org.apache.kafka.connect.storage.StringConverter'

let folder: string
let penstock: Penstock
let allowed: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-security-'))
  allowed = join(folder, 'allowed')
  await mkdir(allowed)
  await writeFile(join(allowed, 'in.txt'), 'one\ntwo\n')
  await writeFile(join(allowed, 'settings.properties'), `name=in.txt\nlost=${LOST_FOLDER}\nlogin=${LOGIN}\n`)
  await writeFile(join(folder, 'rest.properties'), `token=${TOKEN}\n`)
  await symlink('/etc', join(allowed, 'link'))
  penstock = await Penstock.start({
    settings: {
      'config.providers': 'file,vault',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
      'penstock.rest.auth.token': `\${file:${join(folder, 'rest.properties')}:token}`,
      'penstock.files.allow': allowed,
      'connector.client.config.override.policy': 'Principal',
      'access.control.allow.origin': 'https://console.example',
    },
  })
}, 120_000)

afterAll(async () => {
  await penstock?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const reference = (key: string) => `\${file:${join(allowed, 'settings.properties')}:${key}}`

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const init = { method, headers: { authorization: `Bearer ${TOKEN}`, ...type, ...headers }, ...json }
  const answer = await fetch(penstock.url + path, init)
  const text = await answer.text()
  const isJson = text.startsWith('{') || text.startsWith('[')
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
}

const state = async (name: string) => {
  const { body } = await ask('GET', `/connectors/${name}/status`)
  return (body.tasks?.[0] ?? body.connector ?? {}) as { state?: string; trace?: string }
}

/** Whether the text stands anywhere in what the local cloud keeps: Kafka's segments, the table, the logs. */
async function isKept(text: string): Promise<string[]> {
  const data = join(penstock.folder, 'data')
  const files = await readdir(data, { recursive: true, withFileTypes: true })
  const kept = files.filter((file) => file.isFile() && !/functions|compile-cache/.test(file.parentPath))
  const hits = kept.map(async (file) => {
    const path = join(file.parentPath, file.name)
    return (await readFile(path).catch(() => Buffer.alloc(0))).includes(text) ? [path] : []
  })
  return (await Promise.all(hits)).flat()
}

test('asks who wants to use the API, but not who looks at its health', async () => {
  const refused = await ask('GET', '/connectors', undefined, { authorization: 'Bearer wrong' })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="penstock"')
  expect(refused.body.error_code).toBe(401)
  expect((await ask('GET', '/penstock/local', undefined, { authorization: '' })).status).toBe(401)
  expect((await ask('GET', '/health', undefined, { authorization: '' })).status).toBe(200)
  expect((await ask('GET', '/connectors')).body).toEqual([])
})

test('lets a page of an allowed origin ask before it sends', async () => {
  const asked = { origin: 'https://console.example', 'access-control-request-method': 'GET', authorization: '' }
  const { status, headers } = await ask('OPTIONS', '/connectors', undefined, asked)
  expect(status).toBe(200)
  expect(headers.get('access-control-allow-origin')).toBe('https://console.example')
  expect(headers.get('access-control-allow-headers')).toBe('Content-Type,Authorization')
})

test('runs a connector by what its settings refer to, and keeps only the references', async () => {
  const config = {
    'connector.class': 'FileStreamSource',
    file: `${allowed}/${reference('name')}`,
    topic: 'lines',
    'producer.override.sasl.jaas.config': reference('login'),
    'value.converter': STRING,
  }
  expect((await ask('POST', '/connectors', { name: 'lines', config })).status).toBe(201)
  await until('the lines', 60_000, async () => {
    const { body } = await ask('GET', '/penstock/connectors/lines')
    return body.tasks?.[0]?.counters.written === 2
  })
  expect((await ask('GET', '/connectors/lines/config')).body).toMatchObject(config)
  expect((await ask('GET', '/connectors/lines/tasks')).body[0].config.file).toBe(config.file)
  const validated = await ask('PUT', '/connector-plugins/FileStreamSource/config/validate', { name: 'x', ...config })
  const shown = validated.body.configs.find((one: { value: { name: string } }) => one.value.name === 'file')
  expect(shown.value).toMatchObject({ value: config.file, errors: [] })
}, 90_000)

test('hides what was looked up from the trace of a failure', async () => {
  const file = `${allowed}/${reference('lost')}/out.txt`
  const config = { 'connector.class': 'FileStreamSink', file, topics: 'lines', 'value.converter': STRING }
  expect((await ask('POST', '/connectors', { name: 'fails', config })).status).toBe(201)
  const failed = await until('the failure', 60_000, async () => {
    const task = await state('fails')
    return task.state === 'FAILED' && task
  })
  expect(failed.trace).toContain('[hidden]/out.txt')
  expect((await ask('DELETE', '/connectors/fails')).status).toBe(204)
}, 90_000)

test('refuses what a config may not reach or override', async () => {
  const source = { 'connector.class': 'FileStreamSource', topic: 'stolen', file: '/etc/passwd' }
  const create = async (config: Record<string, string>) =>
    (await ask('POST', '/connectors', { name: 'thief', config: { ...source, ...config } })).body.message as string
  expect(await create({})).toContain(
    `Invalid value /etc/passwd for configuration file: the worker's penstock.files.allow lets connectors reach ${allowed} of this machine's files`,
  )
  expect(await create({ file: `${allowed}/link/passwd` })).toContain('penstock.files.allow')
  expect(await create({ file: `${allowed}/../../../etc/passwd` })).toContain('penstock.files.allow')
  expect(await create({ file: 'x', topic: `\${file:${join(folder, 'rest.properties')}:token}` })).toMatch(
    /^Connector thief: the setting topic can't be resolved by the config provider file, path .*rest\.properties: .*penstock\.files\.allow/,
  )
  expect(await create({ file: `${allowed}/in.txt`, 'producer.override.acks': '0' })).toContain(
    "The 'Principal' policy does not allow 'acks' to be overridden in the connector configuration.",
  )
  const script = { transforms: 's', 'transforms.s.type': 'Script', 'transforms.s.script.file': '/etc/passwd' }
  const preview = { config: { ...source, file: `${allowed}/in.txt`, ...script }, records: ['x'] }
  const answer = await ask('POST', '/penstock/preview', preview)
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('transforms.s.script.file') } })
  const unknown = await create({ file: `${allowed}/in.txt`, topic: `\${file:${allowed}/none.properties:x}` })
  expect(unknown).toContain('Could not read properties from file')
})

test('keeps no secret anywhere', async () => {
  await penstock.stop()
  expect(await isKept(LOGIN)).toEqual([])
  expect(await isKept(LOST_FOLDER)).toEqual([])
  expect(await isKept(TOKEN)).toEqual([])
  expect(await isKept('settings.properties')).not.toEqual([])
}, 60_000)
