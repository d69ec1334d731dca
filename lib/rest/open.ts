/** The REST API of a function: opened with the first request, tried again with the next where that failed. */
import { type App, createApp, failure } from './app.ts'
import type { Deps } from './deps.ts'

export function openApp(): App {
  let opened: Promise<App> | undefined
  return {
    async fetch(request) {
      opened ??= restDeps().then(createApp)
      try {
        return await (await opened).fetch(request)
      } catch (error) {
        opened = undefined
        return failure(error as Error)
      }
    },
  }
}

async function restDeps(): Promise<Deps> {
  const [{ runtime }, { pluginRegistry }] = await Promise.all([
    import('../worker/runtime.ts'),
    import('./plugin-registry.ts'),
  ])
  const { env, events, log, admin, state } = await runtime()
  return {
    configs: state.configs,
    statuses: state.statuses,
    leases: state.leases,
    rebuild: () => state.rebuild(),
    clusterId: async () => admin.clusterId ?? '',
    registry: pluginRegistry,
    events,
    worker: env.worker,
    workerId: env.workerId,
    clock: Date.now,
    log,
  }
}
