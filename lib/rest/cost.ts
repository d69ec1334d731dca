/** /penstock/cost: what connectors, the coordinator and this API have used, and what that costs. */
import { type DayUsage, dayOf, FIELDS, type Filed, NO_USAGE, plus, type Usage } from '../state/usage.ts'
import { costOf, type Prices, prices } from '../worker/prices.ts'
import { ok, type Route } from './answer.ts'
import { connectorNotFound, liveViews, requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { array, described, map, named, number, object, oneOf, type Schema, type Static, text } from './schema.ts'

const amounts = Object.fromEntries(FIELDS.map((field) => [field, number])) as Record<keyof Usage, Schema<number>>
const used = named('Used', object({ cost: described('in USD', number), ...amounts }))
const inAll = {
  today: used,
  total: used,
  perMonth: described('USD in 30 days, at the pace of the last 7', number),
}
const days = array(object({ day: described('in UTC, 2026-01-31', text), cost: number, ...amounts }))
const shared = { currency: oneOf('USD'), prices: described('USD of one of each', map(number)), ...inAll, days }
const shownCost = object(shared)
const connectorCost = named('ConnectorCost', object({ name: text, ...shared }))
const cost = named('Cost', object({ ...shared, connectors: array(object({ name: text, ...inAll })) }))

const DAY_MS = 86_400_000
/** Days that are shown, and from which the pace of a month is taken. */
const SHOWN_DAYS = 30
const PACE_DAYS = 7
/** A pace is taken from this much time at least, in ms: the first minutes are no measure. */
const SHORTEST_PACE_MS = 3_600_000

export function costs(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/cost',
      summary: 'What everything has cost: in total, by day and by connector; a month at that pace',
      answers: { 200: cost },
      handle: async () => ok(await costOfAll(deps)),
    },
    {
      method: 'GET',
      path: '/penstock/connectors/:name/cost',
      summary: 'What a connector has cost: in total and by day; a month at that pace',
      answers: { 200: connectorCost },
      async handle({ name }) {
        const now = deps.clock()
        const [filed, leases] = await Promise.all([deps.usage.of(name, lastDays(now)), deps.leases.all(name)])
        const onLeases = leases.flatMap(({ progress }) => progress.usage ?? [])
        if (filed === null && onLeases.length === 0) await requireView(deps, name, connectorNotFound)
        return ok({ name, ...shown(deps, together(filed, onLeases), now) })
      },
    },
  ]
}

async function costOfAll(deps: Deps): Promise<Static<typeof cost>> {
  const now = deps.clock()
  const [filed, views] = await Promise.all([deps.usage.all(lastDays(now)), liveViews(deps)])
  const leases = await deps.leases.of(
    views.flatMap(({ name, tasks }) => tasks.map((_, task) => ({ connector: name, task }))),
  )
  const onLeases = Map.groupBy(leases, ({ connector }) => connector)
  const names = new Set([...filed.keys(), ...views.map(({ name }) => name)])
  const each = [...names].sort().map((name): [string, Filed] => {
    const usage = (onLeases.get(name) ?? []).flatMap(({ progress }) => progress.usage ?? [])
    return [name, together(filed.get(name) ?? null, usage)]
  })
  const connectors = each.map(([name, known]) => {
    const { today, total, perMonth } = shown(deps, known, now)
    return { name, today, total, perMonth }
  })
  const everything = each.reduce((sum, [, known]) => added(sum, known), NOTHING)
  return { ...shown(deps, everything, now), connectors }
}

const NOTHING: Filed = { days: new Map(), total: NO_USAGE, since: Number.POSITIVE_INFINITY }

/** What is filed, and the present day on the leases of the tasks. */
function together(filed: Filed | null, onLeases: readonly DayUsage[]): Filed {
  return onLeases.reduce((sum: Filed, usage) => {
    const { day, since } = usage
    return added(sum, { days: new Map([[day, usage]]), total: usage, since })
  }, filed ?? NOTHING)
}

function added(a: Filed, b: Filed): Filed {
  const days = new Map(a.days)
  for (const [day, usage] of b.days) days.set(day, plus(days.get(day) ?? NO_USAGE, usage))
  return { days, total: plus(a.total, b.total), since: Math.min(a.since, b.since) }
}

function lastDays(now: number): string[] {
  return Array.from({ length: SHOWN_DAYS }, (_, back) => dayOf(now - back * DAY_MS))
}

function shown({ worker }: Deps, known: Filed, now: number): Static<typeof shownCost> {
  const each = prices(worker.settings)
  const days = lastDays(now).flatMap((day) => {
    const usage = known.days.get(day)
    return usage === undefined ? [] : [{ day, ...priced(usage, each) }]
  })
  return {
    currency: 'USD',
    prices: Object.fromEntries(FIELDS.map((field) => [field, Number(each[field].toPrecision(12))])),
    today: priced(known.days.get(dayOf(now)) ?? NO_USAGE, each),
    days,
    total: priced(known.total, each),
    perMonth: money(perMonth(known, each, now)),
  }
}

function perMonth({ days, since }: Filed, each: Prices, now: number): number {
  const paceDays = lastDays(now).slice(0, PACE_DAYS)
  const cost = paceDays.reduce((sum, day) => sum + costOf(days.get(day) ?? NO_USAGE, each), 0)
  const begun = Math.max(since, Date.parse(paceDays.at(-1) ?? dayOf(now)))
  return (cost / Math.max(now - begun, SHORTEST_PACE_MS)) * SHOWN_DAYS * DAY_MS
}

function priced(usage: Usage, each: Prices): Static<typeof used> {
  const rounded = Object.fromEntries(FIELDS.map((field) => [field, round(usage[field], 3)])) as Record<
    keyof Usage,
    number
  >
  return { cost: money(costOf(usage, each)), ...rounded }
}

/** A billionth of a dollar: a look of an idle task costs a few of them. */
const money = (usd: number) => round(usd, 9)

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
