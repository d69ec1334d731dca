/** A function as the local Lambda service runs it, and what an invocation comes to. */
export const ACCOUNT = '000000000000'
export const REGION = 'us-east-1'

export interface FunctionConfig {
  readonly name: string
  /** The bundle: a folder with `index.mjs`, which exports `handler`. */
  readonly directory: string
  /** MB. Above it the instance is killed. */
  readonly memory: number
  /** ms. At its end the instance is killed. */
  readonly timeout: number
  readonly environment: Readonly<Record<string, string>>
  /** How often a failed asynchronous invocation is tried again; Lambda's default is 2. */
  readonly retries?: number
  /** Whether events that failed for good are reported to the service's `onFailure`. */
  readonly failureDestination?: boolean
  /** Instances at once; further calls get 429, events wait. Default 1000. */
  readonly concurrency?: number
  /** Instances started in advance, so that a first or sudden invocation finds one. Default 0. */
  readonly spare?: number
  /** Instances that stay however long they idle. Default 0. */
  readonly keep?: number
  /** What the service's own lines about an invocation say of it, from its payload. */
  readonly logFields?: (payload: Uint8Array) => Readonly<Record<string, unknown>>
}

export interface Outcome {
  /** `X-Amz-Function-Error`; null where the function answered. */
  readonly functionError: 'Unhandled' | null
  /** The answer, or the error as JSON: `errorType`, `errorMessage`, `trace`. */
  readonly payload: Buffer
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`
}

export function failed(errorType: string, errorMessage: string): Outcome {
  return { functionError: 'Unhandled', payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) }
}
