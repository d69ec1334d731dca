/**
 * One connection to one broker: opened at its first request and again after it was lost, requests in the order of
 * calls, any number in flight. TCP, TLS, framing and SASL are kafkajs's; the bytes of requests and responses pass it
 * without a copy.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import Connection, { type Logger, type Sasl } from 'kafkajs/src/network/connection.js'
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import { type Address, addressText } from './address.ts'
import type { ClientSettings } from './client-settings.ts'
import { CODES, KafkaError } from './codes.ts'
import { connectionFailure, speaksTls } from './connection-failure.ts'
import { countRequest } from './request-count.ts'
import type { Login } from './sasl-settings.ts'

export interface WireRequest<T> {
  readonly apiKey: number
  /** A version with request header 1, before the API's flexible ones. */
  readonly apiVersion: number
  readonly apiName: string
  /** The body after the header. Called once, when it is sent; the bytes must stay as they are until the answer. */
  encode(): Buffer
  /** `body` is what follows the correlation id: a view that stays valid. Empty where there is no response. */
  decode(body: Buffer): T
  /** Produce with acks=0: resolves once it is written. */
  readonly noResponse?: boolean
  /** How long to wait for the answer; `request.timeout.ms` unless given. */
  readonly timeoutMs?: number
  /** In the header; the client's own unless given. */
  readonly clientId?: string
}

interface Pending {
  readonly request: WireRequest<unknown>
  answer(body: Buffer): void
  reject(error: unknown): void
}

const REQUEST_TIMED_OUT = 7
/** TCP keepalive after so long without traffic: less than the 350 s after which AWS load balancers forget a flow. */
const KEEP_ALIVE_MS = 60_000
/** The login is renewed so long before the session ends, or in the last 15 % of a shorter one. */
const REAUTHENTICATION_MS = 10_000
/** The first byte of a TLS alert; an answer begins with its length, which is far below 0x15000000. */
const TLS_ALERT = 0x15
const EMPTY = Buffer.alloc(0)
const SASL_VERSIONS = { 17: { minVersion: 0, maxVersion: 1 }, 36: { minVersion: 0, maxVersion: 1 } }
const silence = () => {}
const SILENT: Logger = { namespace: () => SILENT, info: silence, warn: silence, error: silence, debug: silence }

export class BrokerConnection {
  readonly address: Address
  readonly #settings: ClientSettings
  readonly #onLost: () => void
  readonly #clientId: Buffer
  readonly #closing = new AbortController()
  #state: 'lost' | 'opening' | 'open' = 'lost'
  #connection: Connection | null = null
  #socket: Socket | null = null
  /** Requests that came while there was no open connection. */
  #waiting: Pending[] = []
  #inFlight = 0
  #lastUsed = 0
  #failures = 0
  #lastFailure = 0

  /** `onLost` is called when an open connection ends and when opening one fails. */
  constructor(address: Address, settings: ClientSettings, onLost: () => void) {
    this.address = address
    this.#settings = settings
    this.#onLost = onLost
    this.#clientId = Buffer.from(settings.clientId)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#waiting.length === 0
  }

  /**
   * Rejects with a retriable NETWORK_EXCEPTION or REQUEST_TIMED_OUT when the connection can't be had or is lost; the
   * broker may have done what was asked for all the same. A request without an answer in time ends the connection.
   */
  send<T>(request: WireRequest<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closing.signal.aborted) return reject(closed())
      const pending: Pending = { request, answer: (body) => resolve(request.decode(body)), reject }
      if (this.#usable()) return this.#write(pending)
      this.#waiting.push(pending)
      if (this.#state !== 'opening') void this.#open()
    })
  }

  close(): void {
    this.#closing.abort()
    this.#lose(this.#socket, closed())
    for (const pending of this.#waiting.splice(0)) pending.reject(closed())
  }

  #usable(): boolean {
    if (this.#state !== 'open' || this.#connection === null) return false
    // A process that was frozen comes back with connections that the broker has long closed.
    if (this.#inFlight === 0 && Date.now() - this.#lastUsed > this.#settings.maxIdleMs) {
      this.#lose(this.#socket, closed())
      return false
    }
    return this.#settings.sasl === null || this.#connection.isAuthenticated()
  }

  /** Opens the connection, or logs in again where the session is about to end, and sends what waits. */
  async #open(): Promise<void> {
    const again = this.#state === 'open' ? this.#connection : null
    this.#state = 'opening'
    let failure: ConnectError | null = null
    try {
      if (again === null) await this.#connect()
      else await logIn(again)
      this.#state = 'open'
      this.#failures = 0
      this.#lastUsed = Date.now()
    } catch (error) {
      failure = connectionFailure(error, this.address, this.#settings)
      this.#state = 'lost'
      this.#failures++
      this.#lastFailure = Date.now()
      this.#lose(this.#socket, failure)
      this.#onLost()
    }
    for (const pending of this.#waiting.splice(0)) {
      if (failure === null) this.#write(pending)
      else pending.reject(failure)
    }
  }

  async #connect(): Promise<void> {
    await pause(this.#backoff(), this.#closing)
    if (this.#closing.signal.aborted) throw closed()
    const { clientId, tls, sasl, connectTimeoutMs, requestTimeoutMs } = this.#settings
    const lost = Promise.withResolvers<never>()
    const connection = new Connection({
      ...this.address,
      clientId,
      rack: null,
      logger: SILENT,
      ssl: tls,
      sasl: sasl === null ? null : revealed(sasl),
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      reauthenticationThreshold: REAUTHENTICATION_MS,
      socketFactory: ({ onConnect }) => this.#dial(onConnect, lost.reject),
    })
    connection.requestQueue.scheduleCheckPendingRequests = silence
    connection.setVersions(SASL_VERSIONS)
    connection.setSupportAuthenticationProtocol(true)
    this.#connection = connection
    const limit = setTimeout(() => {
      this.#socket?.destroy(new Error(`nothing was agreed within ${connectTimeoutMs} ms`))
    }, connectTimeoutMs)
    try {
      await Promise.race([connection.connect().then(() => logIn(connection)), lost.promise])
    } finally {
      clearTimeout(limit)
    }
  }

  #dial(onConnect: () => void, reject: (error: Error) => void): Socket {
    const { host, port } = this.address
    const { tls } = this.#settings
    const socket =
      tls === null
        ? connectTcp({ host, port }, onConnect)
        : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#socket = socket
    const lose = (error: Error) => {
      reject(error)
      this.#lose(socket, connectionFailure(error, this.address, this.#settings))
    }
    socket.once('error', lose)
    socket.once('end', () => lose(new Error('the broker closed it')))
    socket.once('close', () => lose(new Error('it was closed')))
    if (tls === null)
      socket.once('data', (data: Buffer) => {
        if (data[0] === TLS_ALERT && data[1] === 3) lose(speaksTls(this.address, this.#settings))
      })
    return socket
  }

  #write({ request, answer, reject }: Pending): void {
    const connection = this.#connection
    const socket = this.#socket
    if (connection === null || socket === null) {
      reject(closed())
      return
    }
    let body: Buffer
    try {
      body = request.encode()
    } catch (error) {
      reject(error)
      return
    }
    const { apiKey, apiName, apiVersion, noResponse = false, timeoutMs = this.#settings.requestTimeoutMs } = request
    const correlationId = connection.nextCorrelationId()
    const clientId = request.clientId === undefined ? this.#clientId : Buffer.from(request.clientId)
    const head = header(apiKey, apiVersion, correlationId, clientId, body.length)
    const timer = setTimeout(() => {
      const at = addressText(this.address)
      reject(
        new KafkaError(REQUEST_TIMED_OUT, `The broker at ${at} gave no answer to ${apiName} within ${timeoutMs} ms`),
      )
      this.#lose(socket, new KafkaError(CODES.NETWORK_EXCEPTION, `The broker at ${at} stopped answering`))
      this.#onLost()
    }, timeoutMs)
    timer.unref()
    this.#inFlight++
    countRequest()
    const settled = () => {
      clearTimeout(timer)
      this.#inFlight--
      this.#lastUsed = Date.now()
    }
    connection.requestQueue.push({
      entry: {
        apiKey,
        apiName,
        apiVersion,
        correlationId,
        resolve: ({ payload }) => {
          settled()
          try {
            answer(payload ?? EMPTY)
          } catch (error) {
            reject(error)
          }
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      },
      expectResponse: !noResponse,
      requestTimeout: null,
      sendRequest: () => {
        socket.cork()
        socket.write(head)
        socket.write(body)
        socket.uncork()
      },
    })
  }

  #lose(socket: Socket | null, error: ConnectError): void {
    if (socket === null || socket !== this.#socket) return
    const wasOpen = this.#state === 'open'
    const connection = this.#connection
    this.#socket = null
    this.#connection = null
    if (wasOpen) this.#state = 'lost'
    // Without an error, kafkajs would keep its timer of the connection's opening.
    socket.destroy(error)
    connection?.requestQueue.rejectAll(error)
    if (wasOpen) this.#onLost()
  }

  /** What is left of the wait after the last failure: doubles up to `reconnect.backoff.max.ms`, ±20 %. */
  #backoff(): number {
    if (this.#failures === 0) return 0
    const { reconnectBackoffMs, reconnectBackoffMaxMs } = this.#settings
    const wait = Math.min(reconnectBackoffMaxMs, reconnectBackoffMs * 2 ** (this.#failures - 1))
    return Math.max(0, this.#lastFailure + wait * (0.8 + 0.4 * Math.random()) - Date.now())
  }
}

function header(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: Buffer,
  bodyLength: number,
): Buffer {
  const head = Buffer.allocUnsafe(14 + clientId.length)
  head.writeInt32BE(10 + clientId.length + bodyLength, 0)
  head.writeInt16BE(apiKey, 4)
  head.writeInt16BE(apiVersion, 6)
  head.writeInt32BE(correlationId, 8)
  head.writeInt16BE(clientId.length, 12)
  clientId.copy(head, 14)
  return head
}

async function logIn(connection: Connection): Promise<void> {
  await connection.authenticate()
  const lifetimeMs = Number(connection.sessionLifetime.toString())
  connection.reauthenticationThreshold = Math.min(REAUTHENTICATION_MS, lifetimeMs * 0.15)
}

/** A new object for each connection, since kafkajs keeps its authenticator in it. */
function revealed({ password, ...login }: Login): Sasl {
  return password === undefined ? login : { ...login, password: password.reveal() }
}

function closed(): ConnectError {
  return new ConnectError('The Kafka client is closed')
}
