/** Two requests of Kafka's protocol, spoken by hand: a client would load for longer than they take. */
import { connect } from 'node:net'

const FIND_COORDINATOR = 10
const API_VERSIONS = 18
/** The key types of FindCoordinator. */
const COORDINATORS = { group: 0, transaction: 1 } as const
const ANSWER_MS = 2_000

/** Whether the broker answers requests; a listening port alone may belong to anybody. */
export async function answersKafka(host: string, port: number): Promise<boolean> {
  const answer = await request(host, port, API_VERSIONS, 0, Buffer.alloc(0))
  return answer !== null && answer.length >= 2 && answer.readInt16BE(0) === 0
}

/**
 * Whether the coordinator for groups or transactions is there. Asking creates its internal topic, which would
 * otherwise be made while the first connector waits.
 */
export async function coordinatorReady(host: string, port: number, kind: keyof typeof COORDINATORS): Promise<boolean> {
  const key = Buffer.from('penstock-local')
  const body = Buffer.alloc(key.length + 3)
  body.writeInt16BE(key.length, 0)
  key.copy(body, 2)
  body.writeInt8(COORDINATORS[kind], key.length + 2)
  const answer = await request(host, port, FIND_COORDINATOR, 1, body)
  return answer !== null && answer.length >= 6 && answer.readInt16BE(4) === 0
}

/** The body of the answer; null where there is none in time. */
function request(host: string, port: number, api: number, version: number, body: Buffer): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const done = (answer: Buffer | null) => {
      socket.destroy()
      resolve(answer)
    }
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length >= 8 && all.length >= 4 + all.readInt32BE(0)) done(all.subarray(8))
    })
    socket.once('error', () => done(null)).once('close', () => done(null))
    socket.setTimeout(ANSWER_MS, () => done(null))
    const head = Buffer.alloc(14)
    head.writeInt32BE(10 + body.length, 0)
    head.writeInt16BE(api, 4)
    head.writeInt16BE(version, 6)
    head.writeInt32BE(1, 8)
    head.writeInt16BE(-1, 12)
    socket.write(Buffer.concat([head, body]))
  })
}
