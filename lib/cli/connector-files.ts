/**
 * Connectors in files: JSON as in `POST /connectors` or the config alone, YAML of the same, or properties as
 * `connect-standalone` takes. One file may hold several: a JSON array, or YAML documents.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { ConfigError } from '../connect/errors.ts'
import { propertiesOf } from '../java/properties-file.ts'

export interface ConnectorFile {
  /** The file's path, or `the standard input`. */
  readonly from: string
  readonly name: string
  /** With its name. */
  readonly config: Readonly<Record<string, string>>
  /** For a connector that isn't there yet: RUNNING, PAUSED or STOPPED. */
  readonly initialState: string | null
}

const FORMATS = ['.json', '.yaml', '.yml', '.properties']
const STANDARD_INPUT = 'the standard input'

/**
 * Of a file, of a folder's files (not those within its folders, in the order of their names), or of the standard input
 * (`-`). `name` is that of a config which has none. `ConfigError` names the file.
 */
export async function readConnectors(path: string, name: string | null = null): Promise<ConnectorFile[]> {
  if (path === '-') return connectorsOf(await standardInput(), STANDARD_INPUT, null, name)
  const info = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  if (!info.isDirectory()) return connectorsOf(await readText(path), path, extname(path), name)
  const files = (await readdir(path)).filter((file) => FORMATS.includes(extname(file))).sort()
  if (files.length === 0) throw new ConfigError(`The folder ${path} has no ${FORMATS.join(', ')} file`)
  const all = await Promise.all(
    files.map(async (file) => connectorsOf(await readText(join(path, file)), join(path, file), extname(file), name)),
  )
  return all.flat()
}

/** The config of the one connector that is in the file, with its name. */
export async function readConnector(path: string): Promise<Readonly<Record<string, string>>> {
  const [first, ...more] = await readConnectors(path)
  if (first === undefined || more.length > 0)
    throw new ConfigError(`${path} holds ${more.length + (first === undefined ? 0 : 1)} connectors: one is wanted`)
  return first.config
}

export async function readText(path: string): Promise<string> {
  if (path === '-') return standardInput()
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
}

function unreadable(path: string, cause: unknown): ConfigError {
  return new ConfigError(`${path} can't be read: ${(cause as Error).message}`, cause)
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function connectorsOf(
  text: string,
  from: string,
  extension: string | null,
  name: string | null,
): Promise<ConnectorFile[]> {
  const found = (await documents(text, from, extension)).map((document) => connectorOf(document, from, name))
  if (found.length === 0) throw new ConfigError(`There is no connector in ${from}`)
  if (name !== null && found.length > 1)
    throw new ConfigError(`${from} holds ${found.length} connectors: leave out --name`)
  return found
}

/** Of the standard input the form is seen by its beginning. */
async function documents(text: string, from: string, extension: string | null): Promise<readonly unknown[]> {
  const form = extension ?? sniffed(text)
  if (form === '.yaml' || form === '.yml') return yamlDocuments(text, from)
  if (form !== '.json') return [propertiesOf(text)]
  try {
    const json = JSON.parse(text) as unknown
    return Array.isArray(json) ? json : [json]
  } catch (cause) {
    throw new ConfigError(`${from} is not JSON: ${(cause as Error).message}`, cause)
  }
}

function sniffed(text: string): string {
  if (/^\s*[[{]/.test(text)) return '.json'
  const [first = ''] = text.split('\n').filter((line) => !/^\s*(#|!|$)/.test(line))
  return /^\s*[\w.$-]+\s*=/.test(first) ? '.properties' : '.yaml'
}

/** Scalars stay as they are written: `1.0` and `yes` are texts, as all settings are. */
async function yamlDocuments(text: string, from: string): Promise<readonly unknown[]> {
  const { parseAllDocuments } = await import('yaml')
  const found = [...parseAllDocuments(text, { schema: 'failsafe' })]
  return found.flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new ConfigError(`${from} is not YAML: ${error.message}`, error)
    const value = document.toJS() as unknown
    if (value === null || value === undefined || value === '') return []
    return Array.isArray(value) ? (value as unknown[]) : [value]
  })
}

function connectorOf(document: unknown, from: string, given: string | null): ConnectorFile {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ConfigError(`${from} holds no connector: an object of settings is wanted`)
  const whole = document as Readonly<Record<string, unknown>>
  const wrapped = typeof whole['config'] === 'object' && whole['config'] !== null
  const settings = wrapped ? (whole['config'] as Readonly<Record<string, unknown>>) : whole
  const config = texts(settings, from)
  const name = given ?? (wrapped ? text(whole['name']) : null) ?? config['name'] ?? null
  if (name === null || name === '')
    throw new ConfigError(
      from === STANDARD_INPUT
        ? 'The connector of the standard input has no setting "name": a connector needs one'
        : `${from} has no setting "name": a connector needs one, such as ${basename(from, extname(from))}`,
    )
  const initial = wrapped ? text(whole['initial_state']) : null
  return { from, name, config: { ...config, name }, initialState: initial?.toUpperCase() ?? null }
}

function texts(settings: Readonly<Record<string, unknown>>, from: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) => {
      if (value === null || value === undefined) return []
      if (typeof value === 'object')
        throw new ConfigError(`${from}: the setting ${key} must be a text, not an object or an array`)
      return [[key, String(value)]]
    }),
  )
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}
