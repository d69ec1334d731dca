/**
 * DynamoDB Local takes twice as long for its first hundred requests as for later ones, and where little happens it stays
 * slow for minutes: so they are made before anybody waits for them. They take a second.
 */
import { absent, any, below } from '../state/expression.ts'
import type { Table } from '../state/table.ts'

const REQUESTS = 120
const KEY = { pk: 'warm-up', sk: '0' }

/** Never rejects: a table that is away is warmed by its users. */
export async function warmTable(table: Table): Promise<void> {
  try {
    for (let i = 0; i < REQUESTS; i++) {
      const set = [
        ['state', 'owned'],
        ['count', i],
        ['progress', { read: i, written: i, measured: { read: [i, i], written: [i, i] } }],
      ] as const
      await table.update(KEY, { set }, any(absent('count'), below('count', i)))
      await table.get(KEY)
    }
    await table.delete(KEY)
  } catch {
    return
  }
}
