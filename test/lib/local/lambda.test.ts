import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeCommand, type InvokeCommandInput, LambdaServiceException } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TryLambda, tryLambda } from './try-function.ts'

let service: TryLambda

beforeAll(async () => {
  service = await tryLambda()
  await service.add({ name: 'try' })
  await service.add({ name: 'short', timeout: 700 })
  await service.add({ name: 'small', memory: 150 })
  await service.add({ name: 'narrow', concurrency: 2 })
  await service.add({ name: 'retried', retries: 2 })
  await service.add({ name: 'once', retries: 0 })
  await service.add({ name: 'quiet', retries: 0, concurrency: 1, failureDestination: false })
  await service.add({ name: 'broken' }, "throw new SyntaxError('no such bundle')")
})

afterAll(() => service[Symbol.asyncDispose]())

interface Answer {
  readonly status: number | undefined
  readonly error: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

async function invoke(name: string, event: object, more: Partial<InvokeCommandInput> = {}): Promise<Answer> {
  const input = { FunctionName: name, Payload: JSON.stringify(event), ...more }
  const { StatusCode, FunctionError, Payload } = await service.client.send(new InvokeCommand(input))
  const text = Buffer.from(Payload ?? []).toString()
  return { status: StatusCode, error: FunctionError, body: text === '' ? {} : JSON.parse(text) }
}

async function refusal(call: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await call.then(
    () => null,
    (error: unknown) => error,
  )
  if (!(error instanceof LambdaServiceException)) throw new Error(`Refused with ${error}`)
  return { name: error.name, status: error.$metadata.httpStatusCode }
}

async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await sleep(10)
  }
}

const lines = async (file: string) =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
const failureOf = (name: string) =>
  until(() => service.failures.find(({ requestContext }) => requestContext.functionArn.includes(`:${name}:`)))

describe('an invocation', () => {
  test('is answered with the context of a Lambda, by the same instance again', async () => {
    const one = await invoke('try', { do: 'nothing', env: 'AWS_LAMBDA_FUNCTION_NAME' })
    await until(() => service.lambda.instances().some(({ instance }) => instance.state === 'idle'))
    const two = await invoke('try', { do: 'nothing', env: 'AWS_REGION' })
    expect(one).toMatchObject({ status: 200, error: undefined, body: { event: { do: 'nothing' }, env: 'try' } })
    expect(two.body).toMatchObject({ pid: one.body['pid'], calls: Number(one.body['calls']) + 1, env: 'us-east-1' })
    expect(two.body['requestId']).not.toBe(one.body['requestId'])
    expect(one.body['left']).toBeLessThanOrEqual(10_000)
    expect(one.body['left']).toBeGreaterThan(5_000)
  })

  test('has a process of its own while others run', async () => {
    const event = { do: 'meet', log: join(service.folder, 'six'), count: 6 }
    const answers = await Promise.all(Array.from({ length: 6 }, () => invoke('try', event)))
    expect(new Set(answers.map(({ body }) => body['pid'])).size).toBe(6)
  })

  test.each(['sleep', 'spin'])('is killed at its timeout: %s', async (what) => {
    const { error, body } = await invoke('short', { do: what, ms: 60_000 })
    expect(error).toBe('Unhandled')
    expect(body).toMatchObject({ errorType: 'Sandbox.Timedout' })
    expect(body['errorMessage']).toMatch(/^RequestId: [-0-9a-f]{36} Error: Task timed out after 0\.70 seconds$/)
  })

  test('that answers late is not believed, even if the service stood still at its timeout', async () => {
    const call = invoke('short', { do: 'sleep', ms: 900, mark: 'late' })
    await until(() =>
      service.lambda.instances().some(({ instance }) => Buffer.from(instance.running?.payload ?? []).includes('late')),
    )
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
    expect((await call).body).toMatchObject({ errorType: 'Sandbox.Timedout' })
  })

  test.each(['hog', 'heap'])('is killed above its memory: %s', async (what) => {
    const { error, body } = await invoke('small', { do: what })
    expect(error).toBe('Unhandled')
    expect(body).toMatchObject({ errorType: 'Runtime.OutOfMemory' })
    expect((await invoke('small', {})).error).toBeUndefined()
  })

  test.each([
    [{ do: 'throw', message: 'no' }, 'TypeError', 'no'],
    [{ do: 'reject' }, 'RangeError', 'nobody waits for this'],
    [{ do: 'exit', code: 3 }, 'Runtime.ExitError', 'exit status 3'],
    [{ do: 'large', size: 6_300_000 }, 'Function.ResponseSizeTooLarge', 'exceeded maximum allowed payload size'],
  ])('fails as at Lambda: %j', async (event, errorType, message) => {
    const { status, error, body } = await invoke('try', event)
    expect({ status, error }).toEqual({ status: 200, error: 'Unhandled' })
    expect(body).toMatchObject({ errorType, errorMessage: expect.stringContaining(message) })
  })

  test('fails with the reason why its bundle does not load', async () => {
    const { body } = await invoke('broken', {})
    expect(body).toMatchObject({ errorType: 'SyntaxError', errorMessage: 'no such bundle' })
  })

  test('ends at once when its process is killed from outside', async () => {
    const call = invoke('try', { do: 'sleep', ms: 60_000, mark: 'killed' })
    const victim = await until(() =>
      service.lambda
        .instances()
        .find(({ instance }) => Buffer.from(instance.running?.payload ?? []).includes('killed')),
    )
    process.kill(victim.instance.pid, 'SIGKILL')
    expect((await call).body).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('signal: killed'),
    })
  })
})

describe('the service refuses', () => {
  test('an unknown function', async () => {
    expect(await refusal(invoke('nobody', {}))).toEqual({ name: 'ResourceNotFoundException', status: 404 })
  })

  test('a call above the concurrency limit, and lets an event wait', async () => {
    const event = { do: 'hold', until: join(service.folder, 'go-on') }
    const running = [invoke('narrow', event), invoke('narrow', event)]
    await until(
      () =>
        service.lambda.instances().filter(({ functionName, instance }) => functionName === 'narrow' && instance.running)
          .length === 2,
    )
    expect(await refusal(invoke('narrow', {}))).toEqual({ name: 'TooManyRequestsException', status: 429 })
    const log = join(service.folder, 'narrow-events')
    await invoke('narrow', { log }, { InvocationType: 'Event' })
    expect(await lines(log)).toEqual([])
    await writeFile(event.until, '')
    await Promise.all(running)
    await until(async () => (await lines(log)).length === 1)
  })

  test.each([
    ['RequestResponse', 6 * 1024 * 1024],
    ['Event', 1024 * 1024],
  ] as const)('a payload above the limit of %s', async (InvocationType, limit) => {
    const text = 'x'.repeat(limit)
    expect(await refusal(invoke('try', { text }, { InvocationType }))).toEqual({
      name: 'RequestTooLargeException',
      status: 413,
    })
  })

  test('a payload that is not JSON', async () => {
    const call = service.client.send(new InvokeCommand({ FunctionName: 'try', Payload: '{"a":' }))
    expect(await refusal(call)).toEqual({ name: 'InvalidRequestContentException', status: 400 })
  })
})

describe('an event', () => {
  test('is accepted at once, tried three times under one request id, and reported', async () => {
    const log = join(service.folder, 'retried-events')
    const event = { do: 'throw', message: 'still no', log }
    expect(await invoke('retried', event, { InvocationType: 'Event' })).toMatchObject({ status: 202, error: undefined })
    const failure = await failureOf('retried')
    const requestIds = (await lines(log)).map((line) => line.split(' ')[0])
    expect(requestIds).toEqual(Array(3).fill(failure.requestContext.requestId))
    expect(failure).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      requestContext: {
        requestId: requestIds[0],
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:retried:$LATEST',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: expect.objectContaining({ errorType: 'TypeError', errorMessage: 'still no' }),
    })
  })

  test('is tried as often as its function says', async () => {
    const log = join(service.folder, 'once-events')
    await invoke('once', { do: 'exit', code: 1, log }, { InvocationType: 'Event' })
    expect((await failureOf('once')).requestContext.approximateInvokeCount).toBe(1)
    expect(await lines(log)).toHaveLength(1)
  })

  test('of a function without a failure destination fails quietly', async () => {
    const log = join(service.folder, 'quiet-events')
    await invoke('quiet', { do: 'throw', message: 'no', log }, { InvocationType: 'Event' })
    await until(
      async () =>
        (await lines(log)).length === 1 &&
        service.lambda.instances().every(({ instance }) => instance.running === null),
    )
    expect(service.failures.filter(({ requestContext }) => requestContext.functionArn.includes(':quiet:'))).toEqual([])
  })

  test('is delivered twice on demand, at the same time', async () => {
    const log = join(service.folder, 'doubled-events')
    const event = { do: 'meet', log, count: 3 }
    service.lambda.duplicate('try', 1)
    await invoke('try', event, { InvocationType: 'Event' })
    await invoke('try', event, { InvocationType: 'Event' })
    const seen = await until(async () => {
      const found = (await lines(log)).map((line) => line.split(' '))
      return found.length === 3 && found
    })
    expect(new Set(seen.map(([requestId]) => requestId)).size).toBe(2)
    expect(new Set(seen.map(([, pid]) => pid)).size).toBe(3)
  })

  test('is delivered twice now and then, where the service is to', async () => {
    await using own = await tryLambda({ doubled: 1 })
    await own.add({ name: 'twice' })
    const log = join(own.folder, 'twice-events')
    own.lambda.invokeAsync('twice', { do: 'meet', log, count: 2 })
    const ids = await until(async () => {
      const found = (await lines(log)).map((line) => line.split(' ')[0])
      return found.length === 2 && found
    })
    expect(new Set(ids).size).toBe(1)
  })
})

describe('instances', () => {
  test('that idle are frozen, ended after a while, and kept where the function says so', async () => {
    await using own = await tryLambda({ idleMs: 300 })
    await own.add({ name: 'kept', keep: 1 })
    const event = { do: 'meet', log: join(own.folder, 'three'), count: 3 }
    await Promise.all(Array.from({ length: 3 }, () => own.lambda.invoke('kept', event)))
    const pids = (await lines(event.log)).map((line) => Number(line.split(' ')[1]))
    expect(new Set(pids).size).toBe(3)
    await until(() => own.lambda.instances().length === 1)
    await until(async () => (await Promise.all(pids.map(processState))).filter((state) => state !== null).length === 1)
    if (process.platform === 'linux')
      await until(async () => (await processState(own.lambda.instances()[0]?.instance.pid)) === 'T')
  })

  test('start no more at once than there are processors, and each invocation is answered', async () => {
    await service.add({ name: 'crowd' })
    let most = 0
    const watch = setInterval(() => {
      const starting = service.lambda
        .instances()
        .filter(({ functionName, instance }) => functionName === 'crowd' && instance.state === 'starting')
      most = Math.max(most, starting.length)
    }, 1)
    const answers = await Promise.all(Array.from({ length: 16 }, () => invoke('crowd', { do: 'nothing' })))
    clearInterval(watch)
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200))
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(Math.max(2, availableParallelism()))
  })

  test('that are spare take the first invocation, and are made up for', async () => {
    await using own = await tryLambda()
    await own.add({ name: 'ready', spare: 1 })
    const [spare] = await until(
      () => own.lambda.instances().some(({ instance }) => instance.state === 'idle') && own.lambda.instances(),
    )
    const { payload } = await own.lambda.invoke('ready', { do: 'sleep', ms: 10 })
    expect(JSON.parse(payload.toString())).toMatchObject({ pid: spare?.instance.pid, calls: 1 })
    await until(() => own.lambda.instances().length === 2)
  })

  test('may end by themselves when the service stops; what does not is killed and reported by the next', async () => {
    const own = await tryLambda({ graceMs: 2_000 })
    await own.add({ name: 'polite' })
    await own.add({ name: 'rude' })
    const log = join(service.folder, 'polite')
    own.lambda.invokeAsync('polite', { do: 'term', log })
    own.lambda.invokeAsync('rude', { do: 'spin', ms: 60_000 })
    await until(async () => (await lines(log)).length === 1)
    await until(() => own.lambda.instances().filter(({ instance }) => instance.running !== null).length === 2)
    await own.lambda.stop()
    expect(await lines(log)).toContain('ended')
    await using next = await tryLambda({ inFlight: join(own.folder, 'in-flight') })
    await next.add({ name: 'rude' })
    next.lambda.reportCutOff()
    expect(next.failures).toMatchObject([
      { requestPayload: { do: 'spin' }, requestContext: { condition: 'RetriesExhausted' } },
    ])
    await own[Symbol.asyncDispose]()
  })
})

async function processState(pid: number | undefined): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) ?? null
}
