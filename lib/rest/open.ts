/** The REST API of a function: opened with the first request, tried again with the next where that failed. */
import { openLogs } from '../observe/open-logs.ts'
import type { Access } from './access.ts'
import { type App, createApp, failure } from './app.ts'
import type { Deps } from './deps.ts'

export function openApp(): App {
  let opened: Promise<Opened> | undefined
  return {
    async fetch(request) {
      opened ??= open()
      try {
        const { app, access, takeUpLevel } = await opened
        const [response] = await Promise.all([access.answer(request, (own) => app.fetch(own)), takeUpLevel()])
        return response
      } catch (error) {
        opened = undefined
        return failure(error as Error)
      }
    },
  }
}

interface Opened {
  readonly app: App
  readonly access: Access
  /** The level that users have set of this function's log. */
  takeUpLevel(): Promise<void>
}

async function open(): Promise<Opened> {
  const [{ runtime }, { pluginRegistry }, { openAccess }] = await Promise.all([
    import('../worker/runtime.ts'),
    import('./plugin-registry.ts'),
    import('./access.ts'),
  ])
  const { env, events, log, levels, admin, state } = await runtime()
  const deps: Deps = {
    configs: state.configs,
    statuses: state.statuses,
    leases: state.leases,
    loggers: state.loggers,
    offsets: state.offsets,
    custody: state.custody,
    offsetHistory: state.offsetHistory,
    usage: state.usage,
    rebuild: () => state.rebuild(),
    admin,
    registry: pluginRegistry,
    events,
    worker: env.worker,
    workerId: env.workerId,
    clock: Date.now,
    log,
    logs: openLogs(env.logs),
  }
  const takeUpLevel = async () => {
    await levels.refresh()
    levels.apply(log, ['penstock.rest'])
  }
  return { app: createApp(deps), access: await openAccess(env.worker), takeUpLevel }
}
