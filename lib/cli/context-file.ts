/**
 * Contexts: servers by name, with their credentials, in `penstock/contexts.json` of the user's config folder. Only the
 * user may read it.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CliError, EXIT } from './failure.ts'

export interface Context {
  readonly url: string
  /** Bearer token. */
  readonly token?: string
  /** Basic auth. */
  readonly user?: string
  readonly password?: string
}

export interface Contexts {
  readonly current: string | null
  readonly contexts: Readonly<Record<string, Context>>
}

/** `PENSTOCK_CONTEXTS` names another file. */
export function contextsPath(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['PENSTOCK_CONTEXTS']
  if (own !== undefined && own !== '') return own
  const folder = process.platform === 'win32' ? env['APPDATA'] : env['XDG_CONFIG_HOME']
  return join(folder === undefined || folder === '' ? join(homedir(), '.config') : folder, 'penstock', 'contexts.json')
}

export async function readContexts(): Promise<Contexts> {
  const path = contextsPath()
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new CliError(EXIT.failed, `The contexts in ${path} can't be read: ${error.message}`, null, error)
  })
  if (text === null) return { current: null, contexts: {} }
  try {
    const { current = null, contexts = {} } = JSON.parse(text) as Partial<Contexts>
    return { current, contexts }
  } catch (cause) {
    throw new CliError(EXIT.failed, `${path} is not JSON`, 'Mend or remove it', cause)
  }
}

export async function writeContexts(contexts: Contexts): Promise<void> {
  const path = contextsPath()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, path)
}

export function requireContext({ contexts }: Contexts, name: string): Context {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  if (found === undefined) throw new CliError(EXIT.notFound, `There is no context ${name}`, 'penstock context list')
  return found
}
