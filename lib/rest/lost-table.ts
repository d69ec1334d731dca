/** A table that was lost is made anew in the middle of a request, and the request goes on. */
import type { Answer, Call, Route } from './answer.ts'
import type { Deps } from './deps.ts'

/** The class of the error; imported late, as it brings the SDK's client along. */
export async function tableGone(): Promise<new (...args: never[]) => Error> {
  return (await import('../state/table.ts')).TableGone
}

export function mendingTable(deps: Deps, route: Route): (call: Call) => Promise<Answer> {
  return async (call) => {
    try {
      return await route.handle(call)
    } catch (error) {
      if (!(error instanceof (await tableGone()))) throw error
      await deps.rebuild()
      return route.handle(call)
    }
  }
}
