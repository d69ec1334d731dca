/**
 * Runs a slice of a JDBC sink in a process of its own, which ends by SIGKILL where the group's offsets are to be
 * committed after records were written. Arguments: bootstrap servers, group id, connector, topic, database file, epoch.
 */
import { DatabaseSync } from 'node:sqlite'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { worker as parseWorker } from '../../../lib/worker/settings.ts'
import { runJdbcSlice } from './jdbc-slice.ts'

const [bootstrap = '', group = '', connector = '', topic = '', file = '', epoch = '1'] = process.argv.slice(2)
const worker = parseWorker({ 'bootstrap.servers': bootstrap, 'group.id': group })
const cluster = await connect(clientSettings(worker.raw, 'admin').client)
const before = rows()
const send: Cluster['send'] = async (node, request) => {
  if (request.apiName === 'OffsetCommit' && rows() > before) process.kill(process.pid, 'SIGKILL')
  return cluster.send(node, request)
}
const deadly = new Proxy(cluster, { get: (own, name) => (name === 'send' ? send : bound(own, name)) })
await runJdbcSlice({ cluster: deadly, worker, connector, topic, file, epoch: Number(epoch) })

function rows(): number {
  using db = closing(new DatabaseSync(file))
  const made = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'lines'").get() !== undefined
  return made ? Number(db.prepare('SELECT count(*) AS n FROM lines').get()?.['n']) : 0
}

function closing(db: DatabaseSync): DatabaseSync & Disposable {
  return Object.assign(db, { [Symbol.dispose]: () => db.close() })
}

function bound(own: Cluster, name: string | symbol): unknown {
  const value = Reflect.get(own, name, own)
  return typeof value === 'function' ? value.bind(own) : value
}
