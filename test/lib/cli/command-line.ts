/** Commands of `penstock` against one server, each a process of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { penstock } from './run-penstock.ts'

export interface Ran {
  readonly status: number | NodeJS.Signals | null
  readonly stdout: string
  /** The standard error, too. */
  readonly output: string
}

export interface CommandLine extends AsyncDisposable {
  /** For files; relative paths begin there. */
  readonly folder: string
  run(...args: readonly string[]): Promise<Ran>
  /** With something on its standard input. */
  pipe(input: string, ...args: readonly string[]): Promise<Ran>
  /** Its standard output; fails where the status is another one than 0. */
  ok(...args: readonly string[]): Promise<string>
  /** The same of `-o json`, parsed. */
  json<T>(...args: readonly string[]): Promise<T>
  write(file: string, content: unknown): Promise<void>
}

/** `env` wins over PENSTOCK_URL, which is the server. No context of the user's counts. */
export async function commandLine(url: string, env: Readonly<Record<string, string>> = {}): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-cli-'))
  const all = { PENSTOCK_URL: url, PENSTOCK_CONTEXTS: join(folder, 'contexts.json'), ...env }
  const pipe = async (input: string, ...args: readonly string[]): Promise<Ran> => {
    const run = penstock(args, folder, { input, env: all })
    return { status: await run.ended, stdout: run.stdout(), output: run.output() }
  }
  const run = (...args: readonly string[]) => pipe('', ...args)
  const ok = async (...args: readonly string[]) => {
    const ran = await run(...args)
    if (ran.status !== 0) throw new Error(`penstock ${args.join(' ')}: status ${ran.status}\n${ran.output}`)
    return ran.stdout
  }
  return {
    folder,
    run,
    pipe,
    ok,
    json: async <T>(...args: readonly string[]) => JSON.parse(await ok(...args, '-o', 'json')) as T,
    write: (file, content) =>
      writeFile(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
