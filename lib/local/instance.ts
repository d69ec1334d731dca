/**
 * One instance of a function: a child process that the Runtime API feeds. Frozen (SIGSTOP) while it has nothing to
 * do, as Lambda freezes it; killed at the invocation's timeout and above the memory limit. Its end, by whatever
 * hand, settles the invocation at once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { LogLine } from '../observe/log-line.ts'
import { type FunctionConfig, failed, functionArn, type Outcome, REGION } from './function-config.ts'
import type { Guard } from './guard.ts'
import { type LogFile, wholeLines } from './log-file.ts'
import { residentMb } from './memory.ts'
import { type Assignment, type RuntimeApi, serveRuntimeApi } from './runtime-api.ts'

const BOOTSTRAP = join(import.meta.dirname, 'bootstrap.mjs')
/** Lambda gives an instance 10 s to load; a laptop under load may need longer. */
const INIT_MS = 60_000
const ANSWER_LIMIT = 6 * 1024 * 1024

export interface Invocation {
  readonly requestId: string
  readonly payload: Uint8Array
  settle(outcome: Outcome): void
}

export interface Running extends Invocation {
  /** Epoch ms. */
  readonly startedAt: number
  readonly deadline: number
}

export interface InstanceOptions {
  readonly log: LogFile
  readonly compileCache: string
  /** Where the instances run: relative paths of connectors begin there. */
  readonly cwd: string
  readonly guard: Guard
}

export interface InstanceEvents {
  /** Ready for an invocation. */
  idle(instance: Instance): void
  /** Gone; `initFailure` where it never got ready. */
  gone(instance: Instance, initFailure: Outcome | null): void
}

export class Instance {
  state: 'starting' | 'idle' | 'busy' | 'gone' = 'starting'
  running: Running | null = null
  /** Epoch ms of the last change between idle and busy. */
  since = Date.now()
  invocations = 0
  readonly exited: Promise<void>
  readonly #config: FunctionConfig
  readonly #events: InstanceEvents
  readonly #child: ChildProcess
  readonly #api: RuntimeApi
  readonly #log: LogFile
  #give: ((assignment: Assignment) => void) | null = null
  #timer: NodeJS.Timeout | undefined
  /** Why the service killed it. */
  #verdict: Outcome | null = null
  #initFailure: Outcome | null = null
  #lastWords = ''

  static async start(config: FunctionConfig, options: InstanceOptions, events: InstanceEvents): Promise<Instance> {
    let instance: Instance | null = null
    const api = await serveRuntimeApi({
      next(give) {
        if (instance !== null) instance.#next(give)
      },
      response(requestId, payload) {
        if (instance !== null) instance.#answered(requestId, answer(payload))
      },
      error(requestId, payload) {
        if (instance !== null) instance.#answered(requestId, { functionError: 'Unhandled', payload })
      },
      initError(payload) {
        if (instance !== null) instance.#initFailure = { functionError: 'Unhandled', payload }
      },
    })
    instance = new Instance(config, options, events, api)
    return instance
  }

  private constructor(config: FunctionConfig, options: InstanceOptions, events: InstanceEvents, api: RuntimeApi) {
    this.#config = config
    this.#events = events
    this.#api = api
    this.#log = options.log
    const child = spawn(process.execPath, [...nodeFlags(config.memory), BOOTSTRAP], {
      cwd: options.cwd,
      env: environmentOf(config, api.address, options.compileCache),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    child.stdin?.on('error', () => {})
    const lines = wholeLines((text) => this.#log.write(text))
    child.stdout?.setEncoding('utf8').on('data', lines.chunk).on('close', lines.end)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    if (child.pid !== undefined) options.guard.watch(child.pid)
    this.#timer = setTimeout(() => this.#kill(failed('Runtime.InitTimeout', `Not ready after ${INIT_MS} ms`)), INIT_MS)
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (this.state === 'gone') return
        options.guard.forget(this.pid)
        this.#ended(code, signal)
      }
      child.once('exit', end)
      // What it wrote last has been heard, too.
      child.once('close', () => resolve())
      child.once('error', () => {
        end(null, null)
        resolve()
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Hands out an invocation; the instance must be idle. Its time begins now. */
  run(invocation: Invocation): void {
    const startedAt = Date.now()
    const deadline = startedAt + this.#config.timeout
    const give = this.#give
    this.state = 'busy'
    this.since = startedAt
    this.invocations++
    this.running = { ...invocation, settle: invocation.settle, startedAt, deadline }
    this.#give = null
    this.#timer = setTimeout(() => this.killIfOverdue(), this.#config.timeout + 1)
    this.#signal('SIGCONT')
    give?.({
      requestId: invocation.requestId,
      deadline,
      functionArn: functionArn(this.#config.name),
      payload: invocation.payload,
    })
  }

  /** Nothing happens inside until the next invocation. */
  freeze(): void {
    if (this.state === 'idle') this.#signal('SIGSTOP')
  }

  /** By the wall clock: a timer stands still while the machine sleeps. */
  killIfOverdue(): void {
    if (this.running === null || Date.now() < this.running.deadline) return
    const seconds = (this.#config.timeout / 1000).toFixed(2)
    this.#kill(
      failed('Sandbox.Timedout', `RequestId: ${this.running.requestId} Error: Task timed out after ${seconds} seconds`),
    )
  }

  killIfTooLarge(): void {
    if (this.state !== 'busy' || this.#verdict !== null) return
    const used = residentMb(this.pid)
    if (used === null || used <= this.#config.memory) return
    this.#note('error', `Memory Size: ${this.#config.memory} MB Max Memory Used: ${Math.round(used)} MB`)
    this.#kill(this.#exitError('signal: killed', 'Runtime.OutOfMemory'))
  }

  /** Lets a running invocation end by itself, where the function listens for it. */
  terminate(): void {
    if (this.state === 'busy') this.#signal('SIGTERM')
    else this.kill()
  }

  kill(): void {
    this.#signal('SIGKILL')
  }

  #kill(verdict: Outcome): void {
    if (this.#verdict === null) this.#verdict = verdict
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.state !== 'gone') this.#child.kill(signal)
  }

  #next(give: (assignment: Assignment) => void): void {
    if (this.state === 'gone' || this.#verdict !== null) return
    clearTimeout(this.#timer)
    this.#give = give
    this.state = 'idle'
    this.since = Date.now()
    this.#events.idle(this)
  }

  /** The answer counts only if it came in time, whatever the timers say. */
  #answered(requestId: string, outcome: Outcome): void {
    if (this.running?.requestId !== requestId) return
    this.killIfOverdue()
    if (this.#verdict !== null) return
    const { settle } = this.running
    this.running = null
    clearTimeout(this.#timer)
    settle(outcome)
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const { running } = this
    const outcome = this.#verdict ?? this.#initFailure ?? this.#exitOutcome(code, signal)
    const initFailure = this.state === 'starting' ? outcome : null
    if (running !== null || initFailure !== null) this.#note('error', outcome.payload.toString())
    this.state = 'gone'
    this.running = null
    clearTimeout(this.#timer)
    this.#api.close()
    this.#events.gone(this, initFailure)
    running?.settle(outcome)
  }

  #exitOutcome(code: number | null, signal: NodeJS.Signals | null): Outcome {
    if (this.#lastWords.includes('heap out of memory')) return this.#exitError('signal: aborted', 'Runtime.OutOfMemory')
    if (signal !== null) return this.#exitError(`signal: ${SIGNALS[signal] ?? signal}`)
    return this.#exitError(code === null ? 'it could not be started' : `exit status ${code}`)
  }

  #exitError(how: string, errorType = 'Runtime.ExitError'): Outcome {
    const request = this.running === null ? '' : `RequestId: ${this.running.requestId} `
    return failed(errorType, `${request}Error: Runtime exited with error: ${how}`)
  }

  #hear(text: string): void {
    this.#note('warn', text.trimEnd())
    this.#lastWords = (this.#lastWords + text).slice(-4_000)
  }

  /** A line beside the function's own, about what is running. */
  #note(level: LogLine['level'], message: string): void {
    const fields = this.running === null ? {} : this.#config.logFields?.(this.running.payload)
    const line: LogLine = { level, time: new Date().toISOString(), ...fields, pid: this.pid, message }
    this.#log.write(`${JSON.stringify(line)}\n`)
  }
}

const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGTERM: 'terminated',
  SIGSEGV: 'segmentation fault',
}

function answer(payload: Buffer): Outcome {
  if (payload.length <= ANSWER_LIMIT) return { functionError: null, payload }
  const text = `Response payload size (${payload.length} bytes) exceeded maximum allowed payload size (${ANSWER_LIMIT} bytes).`
  return failed('Function.ResponseSizeTooLarge', text)
}

/** The shares that Lambda's own runtime gives V8. */
function nodeFlags(memory: number): string[] {
  return [
    `--max-old-space-size=${Math.floor(memory * 0.9)}`,
    `--max-semi-space-size=${Math.max(1, Math.floor(memory * 0.05))}`,
    '--enable-source-maps',
  ]
}

/** A Lambda's environment: of the user's own only what a process needs to run. */
function environmentOf(config: FunctionConfig, runtimeApi: string, compileCache: string): Record<string, string> {
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'USER'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(inherited),
    TZ: ':UTC',
    NODE_COMPILE_CACHE: compileCache,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: config.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${config.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    LAMBDA_TASK_ROOT: config.directory,
    _HANDLER: 'index.handler',
    ...config.environment,
  }
}
