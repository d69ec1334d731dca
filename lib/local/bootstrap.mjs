/**
 * What runs in an instance, as Lambda's own Node runtime does: imports the bundle's handler, then asks the Runtime API
 * for one invocation after the other. Plain JavaScript, so that nothing has to be stripped while a caller waits.
 */
import { Agent, request } from 'node:http'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { env } = process
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':')
/**
 * An instance ends by SIGKILL: what it compiled would be lost, as Node writes it at a clean exit only. So it is written so
 * long after the first invocation has come, in ms: before a slice's end, where it would take the time of its heir.
 */
const COMPILED_MS = 1_500
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const parent = process.ppid

// The service holds the other end. Closed: the service is gone, even if it was killed.
process.stdin.on('end', () => process.exit(1)).on('error', () => process.exit(1))
process.stdin.resume()
setInterval(() => {
  if (process.ppid !== parent) process.exit(1)
}, 1000).unref()

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const sent = request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers }, (answer) => {
      const chunks = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function described(error) {
  const trace = error instanceof Error ? (error.stack ?? '').split('\n') : []
  return JSON.stringify({
    errorType: error instanceof Error ? error.name : typeof error,
    errorMessage: error instanceof Error ? error.message : String(error),
    trace,
  })
}

let running = null
const dying = (type) => (error) => {
  console.error(error)
  const body = described(
    error instanceof Error ? Object.assign(error, { name: error.name || type }) : new Error(String(error)),
  )
  const path = running === null ? 'init/error' : `invocation/${running}/error`
  void call('POST', path, body).finally(() => process.exit(129))
}
process.on('uncaughtException', dying('Runtime.UncaughtException'))
process.on('unhandledRejection', dying('Runtime.UnhandledPromiseRejection'))

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

async function load() {
  try {
    const { handler } = await import(pathToFileURL(join(env.LAMBDA_TASK_ROOT, 'index.mjs')).href)
    if (typeof handler === 'function') return handler
    throw Object.assign(new Error('index.handler is undefined or not exported'), { name: 'Runtime.HandlerNotFound' })
  } catch (error) {
    console.error(error)
    await call('POST', 'init/error', described(error))
    process.exit(1)
  }
}

const handler = await load()
let kept = false
for (;;) {
  const { headers, body } = await call('GET', 'invocation/next')
  if (!kept) setTimeout(flushCompileCache, COMPILED_MS).unref()
  kept = true
  running = headers['lambda-runtime-aws-request-id']
  try {
    const result = await handler(JSON.parse(body.toString()), contextOf(headers))
    await call('POST', `invocation/${running}/response`, JSON.stringify(result) ?? 'null')
  } catch (error) {
    console.error(error)
    await call('POST', `invocation/${running}/error`, described(error))
  }
  running = null
}
