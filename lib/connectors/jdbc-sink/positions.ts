/**
 * The positions of a sink in its own database, in the table `penstock_offsets`: written in the transaction of the rows,
 * by the writer that has claimed the partition last. A row a partition of a consumer group:
 *
 * consumer_group, topic, kafka_partition: the key; next_offset: of the next record to be written, null before the first;
 * generation, epoch: of the writer.
 */
import { ConnectError } from '../../connect/errors.ts'
import type { Durable, SinkContext, SinkWriter } from '../../connect/plugin.ts'
import type { Database, SqlValue } from './dialect/dialect.ts'

const TABLE = 'penstock_offsets'

const KEY = 'consumer_group = ? AND topic = ? AND kafka_partition = ?'

const SQL = {
  create: `CREATE TABLE IF NOT EXISTS ${TABLE} (
consumer_group VARCHAR(255) NOT NULL,
topic VARCHAR(249) NOT NULL,
kafka_partition INTEGER NOT NULL,
next_offset BIGINT NULL,
generation BIGINT NOT NULL,
epoch BIGINT NOT NULL,
PRIMARY KEY(consumer_group, topic, kafka_partition))`,
  read: `SELECT next_offset, generation, epoch FROM ${TABLE} WHERE ${KEY}`,
  insert: `INSERT INTO ${TABLE}(consumer_group, topic, kafka_partition, generation, epoch) VALUES(?, ?, ?, ?, ?)`,
  claim: `UPDATE ${TABLE} SET generation = ?, epoch = ? WHERE ${KEY}`,
  move: `UPDATE ${TABLE} SET next_offset = ? WHERE ${KEY} AND generation = ? AND epoch = ?`,
}

export class Positions {
  readonly #database: Database
  readonly #writer: SinkWriter
  readonly #assignment: SinkContext['assignment']

  constructor(database: Database, writer: SinkWriter, assignment: SinkContext['assignment']) {
    this.#database = database
    this.#writer = writer
    this.#assignment = assignment
  }

  /** Within a transaction. From its commit on no older writer can move the partitions. */
  async claim(): Promise<Durable> {
    const { generation, epoch } = this.#writer
    await this.#database.execute(SQL.create)
    const held = new Map<string, Map<number, number>>()
    for (const [topic, partitions] of this.#assignment)
      for (const partition of partitions) {
        const key = this.#key(topic, partition)
        const [row] = await this.#database.query(SQL.read, key)
        if (row === undefined) {
          await this.#database.change(SQL.insert, [...key, generation, epoch])
          continue
        }
        const [next, ...by] = row
        if (isYounger(by, this.#writer)) throw this.#shutOut(topic, partition, by)
        await this.#database.change(SQL.claim, [generation, epoch, ...key])
        if (next !== null) held.set(topic, (held.get(topic) ?? new Map<number, number>()).set(partition, Number(next)))
      }
    return held
  }

  /** Within the transaction of the rows. Throws where a younger writer has claimed a partition. */
  async move(positions: Durable): Promise<void> {
    const { generation, epoch } = this.#writer
    if (positions.size === 0) await this.#check()
    for (const [topic, partition, next] of entries(positions)) {
      const key = this.#key(topic, partition)
      if ((await this.#database.change(SQL.move, [next, ...key, generation, epoch])) > 0) continue
      const [row = []] = await this.#database.query(SQL.read, key)
      throw this.#shutOut(topic, partition, row.slice(1))
    }
  }

  /** Whether these are the positions: a commit whose answer was lost has taken effect then. */
  async are(positions: Durable): Promise<boolean> {
    for (const [topic, partition, next] of entries(positions)) {
      const [row] = await this.#database.query(SQL.read, this.#key(topic, partition))
      if (row === undefined || Number(row[0]) !== next) return false
    }
    return true
  }

  /** That the first partition is still the task's: nothing moves it. */
  async #check(): Promise<void> {
    for (const [topic, [partition = 0]] of this.#assignment) {
      const [row = []] = await this.#database.query(SQL.read, this.#key(topic, partition))
      const [, ...by] = row
      if (by.length === 0 || isYounger(by, this.#writer)) throw this.#shutOut(topic, partition, by)
      return
    }
  }

  #key(topic: string, partition: number): readonly SqlValue[] {
    return [this.#writer.group, topic, partition]
  }

  #shutOut(topic: string, partition: number, [generation, epoch]: readonly SqlValue[]): ConnectError {
    const by =
      generation === undefined
        ? 'has no row for it any more'
        : `says that a younger writer has it (generation ${generation}, epoch ${epoch})`
    const { group } = this.#writer
    return new ConnectError(
      `Partition ${partition} of topic ${topic} is not this task's to write: the table ${TABLE} ${by}. If no other task writes for the group ${group}, delete the group's rows of it`,
    )
  }
}

function isYounger([generation, epoch]: readonly SqlValue[], writer: SinkWriter): boolean {
  if (Number(generation) !== writer.generation) return Number(generation) > writer.generation
  return Number(epoch) > writer.epoch
}

function* entries(positions: Durable): Generator<[topic: string, partition: number, next: number]> {
  for (const [topic, partitions] of positions)
    for (const [partition, next] of partitions) yield [topic, partition, next]
}
