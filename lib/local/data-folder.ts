/** The folder of a local cloud, held by one running cloud at a time. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LocalError } from './local-error.ts'

const LOCK = 'lock'

export interface DataFolder {
  readonly path: string
  /** The path of a folder inside, made where it is missing. */
  folder(name: string): Promise<string>
  release(): Promise<void>
}

/** Takes the folder for this process. `LocalError` with the pid where another cloud runs in it. */
export async function holdDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new LocalError(
      `The data folder ${path} can't be made: ${(cause as Error).message}`,
      'Choose another with --data',
      cause,
    )
  })
  const lock = join(path, LOCK)
  while (!(await take(lock))) {
    const holder = await holderOf(lock)
    if (holder !== null)
      throw new LocalError(
        `The data folder ${path} is in use by another penstock up (pid ${holder})`,
        `Stop that one, or choose another folder with --data`,
      )
    await rm(lock, { force: true })
  }
  return {
    path,
    async folder(name) {
      const inside = join(path, name)
      await mkdir(inside, { recursive: true })
      return inside
    },
    release: () => rm(lock, { force: true }),
  }
}

/** By a link, which makes the name and its content appear at once. */
async function take(lock: string): Promise<boolean> {
  const draft = `${lock}-${randomUUID()}`
  await writeFile(draft, JSON.stringify({ pid: process.pid, started: await startTime(process.pid) }))
  try {
    await link(draft, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft)
  }
}

/** The pid of the running holder; null where it is gone, even if its pid is in use again. */
async function holderOf(lock: string): Promise<number | null> {
  const text = await readFile(lock, 'utf8').catch(() => null)
  if (text === null) return null
  const { pid, started } = JSON.parse(text) as { pid: number; started: string | null }
  return isAlive(pid) && (await startTime(pid)) === started ? pid : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** In ticks since the machine's start, which tells a process from a later one of the same pid; Linux only. */
async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  // After the command in parentheses, which may hold blanks: the fields from the third on.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
