/** What a connector's config may reach of this machine's files: the worker's `penstock.files.allow`. */
import { lstat, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { ConfigError } from '../connect/errors.ts'
import type { Worker } from './settings.ts'

export const FILES_ALLOW = 'penstock.files.allow'
/** Bounds nothing. */
const ANY_FILE = '*'
const MOST_LINKS = 40

/** Neither a symbolic link nor `..` leads out of the folders. A file that isn't there yet is judged by where it would be. */
export async function mayReach({ settings }: Pick<Worker, 'settings'>, file: string): Promise<boolean> {
  const allow = settings[FILES_ALLOW]
  if (mayReachAny({ settings })) return true
  // The system follows links before it takes `..` away, a plugin that resolves the path first does not.
  const targets = await Promise.all([real(file), real(resolve(file))])
  const folders = await Promise.all(allow.filter((folder) => folder !== '').map((folder) => real(resolve(folder))))
  return targets.every((target) => folders.some((folder) => isWithin(target, folder)))
}

export function mayReachAny({ settings }: Pick<Worker, 'settings'>): boolean {
  return settings[FILES_ALLOW].includes(ANY_FILE)
}

/** Why not, for an error: names the worker's setting. */
export function notAllowed({ settings }: Worker): string {
  const allow = settings[FILES_ALLOW]
  const what = allow.length === 0 ? 'nothing' : allow.join(', ')
  return `the worker's ${FILES_ALLOW} lets connectors reach ${what} of this machine's files`
}

export async function requireFile(worker: Worker, file: string): Promise<void> {
  if (!(await mayReach(worker, file))) throw new ConfigError(`${file} may not be read: ${notAllowed(worker)}`)
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** The path without links and dots, as the system would find it; its parent's where it isn't there. */
async function real(path: string, links = 0): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new ConfigError(`${path} can't be looked at (${code})`, error)
  }
  const parent = dirname(path)
  if (parent === path || links > MOST_LINKS) throw new ConfigError(`${path} leads nowhere`)
  const folder = await real(parent, links)
  const isLink = await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
  return isLink ? real(resolve(folder, await readlink(path)), links + 1) : join(folder, basename(path))
}
