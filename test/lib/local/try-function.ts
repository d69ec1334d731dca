/** A function whose every event says what to do, and a local Lambda service that runs it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LambdaClient } from '@aws-sdk/client-lambda'
import type { FailureRecord } from '../../../lib/local/async-invocations.ts'
import type { FunctionConfig } from '../../../lib/local/function-config.ts'
import { startGuard } from '../../../lib/local/guard.ts'
import { type Lambda, type LambdaOptions, startLambda } from '../../../lib/local/lambda.ts'

const HANDLER = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
let calls = 0
export const handler = async (event, context) => {
  calls++
  const ended = new Promise((resolve) => event.do === 'term' && process.once('SIGTERM', resolve))
  if (event.log) appendFileSync(event.log, context.awsRequestId + ' ' + process.pid + '\\n')
  switch (event.do) {
    case 'sleep': await sleep(event.ms); break
    case 'spin': for (const end = Date.now() + event.ms; Date.now() < end; ); break
    case 'hog': { const kept = []; for (;;) { kept.push(Buffer.alloc(8 << 20, 1)); await sleep(1) } }
    case 'heap': { const kept = []; for (;;) kept.push({ text: [kept.length, 'x'] }) }
    case 'throw': throw new TypeError(event.message)
    case 'reject': Promise.reject(new RangeError('nobody waits for this')); await sleep(1000); break
    case 'exit': process.exit(event.code)
    case 'large': return 'x'.repeat(event.size)
    case 'term': await ended; appendFileSync(event.log, 'ended\\n'); break
    case 'meet': while (readFileSync(event.log, 'utf8').split('\\n').length <= event.count) await sleep(10); break
    case 'hold': while (!existsSync(event.until)) await sleep(10); break
  }
  return { event, pid: process.pid, calls, requestId: context.awsRequestId, left: context.getRemainingTimeInMillis(), env: event.env ? process.env[event.env] : null }
}
`

export interface TryLambda extends AsyncDisposable {
  readonly folder: string
  readonly lambda: Lambda
  readonly client: LambdaClient
  readonly failures: FailureRecord[]
  /** Writes a bundle and creates its function. */
  add(config: Partial<FunctionConfig> & { readonly name: string }, code?: string): Promise<void>
}

export async function tryLambda(options: Partial<LambdaOptions> = {}): Promise<TryLambda> {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-lambda-'))
  const guard = startGuard()
  const failures: FailureRecord[] = []
  const lambda = await startLambda({
    logs: folder,
    compileCache: join(folder, 'compile-cache'),
    inFlight: join(folder, 'in-flight'),
    cwd: folder,
    guard,
    onFailure: (record) => failures.push(record),
    retryDelaysMs: [10, 20],
    ...options,
  })
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new LambdaClient({ endpoint: lambda.address, region: 'us-east-1', credentials, maxAttempts: 1 })
  return {
    folder,
    lambda,
    client,
    failures,
    async add(config, code = HANDLER) {
      const directory = join(folder, config.name)
      await mkdir(directory)
      await writeFile(join(directory, 'index.mjs'), code)
      lambda.create({ memory: 256, timeout: 10_000, environment: {}, failureDestination: true, directory, ...config })
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await lambda.stop()
      await guard.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
