/** What things cost, for `/penstock/cost`: AWS's published prices in us-east-1, without free tiers, in USD. */
import { type ConfigOf, double } from '../connect/settings.ts'
import { atLeast } from '../connect/validators.ts'
import type { Usage } from '../state/usage.ts'

const price = (doc: string, usd: number) => double({ doc, default: usd, importance: 'low', validator: atLeast(0) })

export const PRICE_SETTINGS = {
  'penstock.price.gb.second': price('Price of a GB-second of a function (Lambda on Arm), in USD.', 0.0000133334),
  'penstock.price.million.invocations': price('Price of a million invocations (Lambda), in USD.', 0.2),
  'penstock.price.million.table.reads': price('Price of a million read request units (DynamoDB), in USD.', 0.125),
  'penstock.price.million.table.writes': price('Price of a million write request units (DynamoDB), in USD.', 0.625),
  'penstock.price.million.kafka.requests': price(
    'Price of a million requests to Kafka, in USD; Amazon MSK charges none.',
    0,
  ),
  'penstock.price.million.rest.requests': price('Price of a million REST requests (API Gateway), in USD.', 1),
  'penstock.price.million.events': price('Price of a million events on the bus (EventBridge), in USD.', 1),
  'penstock.price.million.wakes': price(
    'Price of a million wakes, in USD: each is three requests to the queue (SQS).',
    1.2,
  ),
} as const

/** Of one of each. */
export type Prices = Readonly<Record<keyof Usage, number>>

export function prices(settings: ConfigOf<typeof PRICE_SETTINGS>): Prices {
  const million = 1_000_000
  return {
    gbSeconds: settings['penstock.price.gb.second'],
    invocations: settings['penstock.price.million.invocations'] / million,
    tableReads: settings['penstock.price.million.table.reads'] / million,
    tableWrites: settings['penstock.price.million.table.writes'] / million,
    kafkaRequests: settings['penstock.price.million.kafka.requests'] / million,
    restRequests: settings['penstock.price.million.rest.requests'] / million,
    events: settings['penstock.price.million.events'] / million,
    wakes: settings['penstock.price.million.wakes'] / million,
  }
}

export function costOf(usage: Usage, each: Prices): number {
  return (Object.keys(each) as (keyof Usage)[]).reduce((sum, field) => sum + usage[field] * each[field], 0)
}
