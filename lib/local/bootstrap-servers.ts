/** Which Kafka a local cloud uses. */
import { LocalError } from './local-error.ts'
import { claimPort, listens } from './ports.ts'

const DEFAULT_PORT = 9092

/** `bootstrap`: a Kafka that runs already. `port`: where to start one. */
export type KafkaChoice = { readonly bootstrap: string } | { readonly port: number }

export interface KafkaWish {
  /** `--bootstrap` */
  readonly bootstrap: string | null
  /** `--kafka-port` */
  readonly kafkaPort: number | null
  /** `bootstrap.servers` of the file */
  readonly inFile: string | null
}

/**
 * That of `--bootstrap`; a new one on `--kafka-port`; that of the file, or a new one right there where the file names
 * a port of this machine and nobody listens; else a new one on 9092. `LocalError` where that port is taken.
 */
export async function chooseKafka({ bootstrap, kafkaPort, inFile }: KafkaWish): Promise<KafkaChoice> {
  if (bootstrap !== null) {
    if (await anyListens(addresses(bootstrap))) return { bootstrap }
    throw new LocalError(
      `No Kafka answers at ${bootstrap}`,
      'Mend --bootstrap, or leave it out to have a Kafka started',
    )
  }
  if (kafkaPort !== null || inFile === null) return claimed(kafkaPort ?? DEFAULT_PORT)
  const named = addresses(inFile)
  if (await anyListens(named)) return { bootstrap: inFile }
  const here = named.find(({ host }) => host === 'localhost' || host === '127.0.0.1')
  if (here !== undefined) return claimed(here.port)
  throw new LocalError(
    `No Kafka answers at ${inFile}, the bootstrap.servers of the worker's file`,
    'Mend the file, or give --kafka-port to have a Kafka started',
  )
}

async function claimed(wanted: number): Promise<KafkaChoice> {
  const port = await claimPort(wanted)
  if (port !== null) return { port }
  throw new LocalError(
    `Port ${wanted} is taken: Kafka can't listen there`,
    `Choose another with --kafka-port, or use the Kafka that runs there: --bootstrap localhost:${wanted}`,
  )
}

interface Address {
  readonly host: string
  readonly port: number
}

function addresses(servers: string): Address[] {
  return servers.split(',').map((server) => {
    const match = /^(?:[A-Z_]+:\/\/)?\[?(.+?)\]?:(\d+)$/.exec(server.trim())
    if (match?.[1] === undefined)
      throw new LocalError(`"${server.trim()}" is not the address of a Kafka`, 'Give it as host:port')
    return { host: match[1], port: Number(match[2]) }
  })
}

async function anyListens(servers: readonly Address[]): Promise<boolean> {
  const answers = await Promise.all(servers.map(({ host, port }) => listens(host, port)))
  return answers.includes(true)
}
