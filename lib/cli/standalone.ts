/** `penstock standalone`: Connect's standalone mode. Everything in this process, source offsets in a file. */
import { Command } from 'commander'
import { propertiesOf } from '../java/properties-file.ts'
import { readConnector, readText } from './connector-files.ts'

export function standaloneCommand(): Command {
  return new Command('standalone')
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
