/** Those that are compared, behind one face: Connect's JVM worker and `penstock up`, all on the same broker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startJvmWorker } from '../test/jvm-worker.ts'
import { Penstock } from '../test/system/penstock.ts'
import { ProcessMeter } from './processes.ts'

export interface Spent {
  /** CPU seconds of the process that runs the task: the JVM worker; all instances of the task function. */
  readonly taskCpu: number
  /** Of everything that runs for it: also REST, coordinator and the local cloud, without DynamoDB Local. */
  readonly allCpu: number
  readonly maxRssMb: number
}

export interface Measured extends AsyncDisposable {
  readonly name: string
  /** So many that each takes 5 to 15 s at 100 B on two cores: rates are compared. */
  readonly lines: { readonly source: number; readonly sink: number }
  post(name: string, config: Readonly<Record<string, string>>): Promise<void>
  /** Deletes the connector, and waits until nothing runs for it. */
  remove(name: string): Promise<void>
  /** Counts from now on until it is called. */
  meter(): () => Spent
}

export async function startJvm(bootstrap: string, settings: Readonly<Record<string, string>>): Promise<Measured> {
  const worker = await startJvmWorker({ bootstrap, group: 'bench-jvm', settings })
  return {
    name: 'JVM worker',
    lines: { source: 2e6, sink: 4e6 },
    post: (name, config) => create(worker.request, name, config),
    remove: (name) => remove(worker.request, name),
    meter() {
      const meter = new ProcessMeter(worker.pid)
      return () => {
        const { cpuSeconds = 0, maxRssMb = 0 } = meter.stop().get('main') ?? {}
        return { taskCpu: cpuSeconds, allCpu: cpuSeconds, maxRssMb }
      }
    },
    [Symbol.asyncDispose]: () => worker.stop(),
  }
}

export async function startPenstock(
  bootstrap: string,
  settings: Readonly<Record<string, string>>,
  name = 'Penstock',
): Promise<Measured> {
  const group = `bench-${name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
  const penstock = await Penstock.start({ bootstrap, group, settings })
  const request: Request = (...call) => penstock.request(...call)
  return {
    name,
    lines: { source: 6e6, sink: 16e6 },
    post: (name, config) => create(request, name, config),
    remove: async (name) => {
      await remove(request, name)
      while ((await penstock.instances()).some(({ connector }) => connector === name)) await sleep(100)
    },
    meter() {
      const meter = new ProcessMeter(penstock.pid)
      return () => {
        const parts = meter.stop()
        const all = [...parts].filter(([part]) => !part.startsWith('java')).map(([, { cpuSeconds }]) => cpuSeconds)
        const { cpuSeconds = 0, maxRssMb = 0 } = parts.get('penstock-task') ?? {}
        return { taskCpu: cpuSeconds, allCpu: all.reduce((sum, one) => sum + one, 0), maxRssMb }
      }
    },
    [Symbol.asyncDispose]: () => penstock[Symbol.asyncDispose](),
  }
}

type Request = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>

async function create(request: Request, name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const { status, body } = await request('POST', '/connectors', { name, config })
  if (status !== 201) throw new Error(`POST of ${name}: ${status} ${JSON.stringify(body)}`)
}

async function remove(request: Request, name: string): Promise<void> {
  const { status, body } = await request('DELETE', `/connectors/${name}`)
  if (status !== 204) throw new Error(`DELETE of ${name}: ${status} ${JSON.stringify(body)}`)
  while ((await request('GET', `/connectors/${name}/status`)).status !== 404) await sleep(100)
}
