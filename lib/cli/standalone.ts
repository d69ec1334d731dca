/** `penstock standalone`: Connect's standalone mode. Everything in this process, source offsets in a file. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { ConfigError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { propertiesOf } from '../worker/properties-file.ts'

export function standaloneCommand(): Command {
  return new Command('standalone')
    .description("run connectors in this process, as Connect's standalone mode, until Ctrl-C")
    .argument('<worker>', "worker settings, a properties file as Connect's own")
    .argument('<connectors...>', 'connector configs: properties files, or JSON as in POST /connectors')
    .action(standalone)
}

async function standalone(workerFile: string, connectorFiles: readonly string[]): Promise<void> {
  const [worker, ...configs] = await Promise.all([
    readText(workerFile).then(propertiesOf),
    ...connectorFiles.map(readConnector),
  ])
  const { startStandalone } = await import('./standalone-worker.ts')
  const running = await startStandalone(worker ?? {}, configs)
  console.log(`Standalone worker: REST ${running.url}`)
  await signalled()
  await running.stop()
}

/** SIGINT and SIGTERM end it once; a second one ends the process at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

/** A connector's config from a properties file, or from JSON: `{name, config}` or the config alone. */
export async function readConnector(file: string): Promise<RawConfig> {
  const text = await readText(file)
  const json = file.endsWith('.json') ? parseJson(file, text) : null
  const config = json === null ? propertiesOf(text) : fromJson(file, json)
  if (config['name'] === undefined) throw new ConfigError(`${file} has no setting "name": a connector needs one`)
  return config
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${file} is not JSON: ${(cause as Error).message}`, cause)
  }
}

function fromJson(file: string, json: unknown): Record<string, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`${file} holds no JSON object`)
  const whole = json as Readonly<Record<string, unknown>>
  const { name, config } = whole
  const own = typeof config === 'object' && config !== null ? { name, ...config } : whole
  return Object.fromEntries(
    Object.entries(own).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, String(value)]],
    ),
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${file} can't be read: ${(cause as Error).message}`, cause)
  }
}
