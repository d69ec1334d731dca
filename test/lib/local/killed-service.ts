/** Run as a process of its own: a service with a busy, a waiting and a frozen instance. Prints their pids and its folder. */
import { setTimeout as sleep } from 'node:timers/promises'
import { tryLambda } from './try-function.ts'

const { lambda, add, folder } = await tryLambda()
await add({ name: 'busy' })
await add({ name: 'waiting' })
await add({ name: 'frozen' })
lambda.invokeAsync('busy', { do: 'spin', ms: 600_000 })
lambda.invokeAsync('waiting', { do: 'sleep', ms: 600_000 })
await lambda.invoke('frozen', {})
while (lambda.instances().length < 3 || lambda.instances().some(({ instance }) => instance.state === 'starting'))
  await sleep(10)
const pids = lambda.instances().map(({ instance }) => instance.pid)
process.stdout.write(`${JSON.stringify({ pids, folder })}\n`)
