/** What is used of kafkajs 2.2.4 beyond its published interface; kafkajs is pinned for that. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net'
  import type { ConnectionOptions } from 'node:tls'

  export interface Logger {
    namespace(name: string): Logger
    info(message: string): void
    warn(message: string): void
    error(message: string): void
    debug(message: string): void
  }

  export interface SaslExchange {
    readonly request: { encode(): Buffer | Promise<Buffer> }
    readonly response?: { decode(bytes: Buffer): unknown; parse(decoded: unknown): unknown }
  }

  export interface Sasl {
    readonly mechanism: string
    readonly username?: string
    readonly password?: string
    readonly authenticationProvider?: (args: {
      readonly host: string
      readonly port: number
      saslAuthenticate(exchange: SaslExchange): Promise<unknown>
    }) => { authenticate(): Promise<void> }
  }

  export interface RequestEntry {
    readonly apiKey: number
    readonly apiName: string
    readonly apiVersion: number
    readonly correlationId: number
    resolve(answer: { readonly payload: Buffer | null }): void
    reject(error: Error): void
  }

  export interface RequestQueue {
    push(request: {
      readonly entry: RequestEntry
      readonly expectResponse: boolean
      readonly requestTimeout: number | null
      sendRequest(): void
    }): void
    rejectAll(error: Error): void
    /** Arms a 1 ms timer for ever, each time with a TimeoutNegativeWarning. */
    scheduleCheckPendingRequests(): void
  }

  export interface ConnectionSettings {
    readonly host: string
    readonly port: number
    readonly clientId: string
    readonly rack: string | null
    readonly logger: Logger
    readonly ssl: ConnectionOptions | null
    readonly sasl: Sasl | null
    readonly connectionTimeout: number
    readonly requestTimeout: number
    readonly enforceRequestTimeout: boolean
    readonly maxInFlightRequests: number | null
    readonly reauthenticationThreshold: number
    readonly socketFactory: (to: {
      readonly host: string
      readonly port: number
      readonly ssl: ConnectionOptions | null
      onConnect(): void
    }) => Socket
  }

  export default class Connection {
    constructor(settings: ConnectionSettings)
    readonly requestQueue: RequestQueue
    /** Of the login, in ms; 0 without end. */
    readonly sessionLifetime: { toString(): string }
    reauthenticationThreshold: number
    connect(): Promise<boolean>
    authenticate(): Promise<void>
    isAuthenticated(): boolean
    setVersions(versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>): void
    setSupportAuthenticationProtocol(supported: boolean): void
    nextCorrelationId(): number
  }
}
