/** What the endpoints of dead letters answer. */
import { type Budget, budget } from '../connect/budget.ts'
import type { RawConfig } from '../connect/settings.ts'
import { jsonText } from '../converters/record-text.ts'
import { decoder, rawNode } from '../dead-letters/decode.ts'
import { editLine } from '../dead-letters/edit.ts'
import { LetterGroups } from '../dead-letters/groups.ts'
import { type Ledger, readLedger } from '../dead-letters/ledger.ts'
import { type DeadLetter, place } from '../dead-letters/letter.ts'
import { purge } from '../dead-letters/purge.ts'
import { waitingLetters } from '../dead-letters/queue-progress.ts'
import { isOf, letterRanges, readLetters } from '../dead-letters/read.ts'
import { matches, parsePlace, redrive } from '../dead-letters/redrive.ts'
import type { JsonNode } from '../java/json-text.ts'
import { CODES, KafkaError } from '../kafka/codes.ts'
import { redriveName } from '../pipeline/redrive-queue.ts'
import { type ConnectorSettings, connectorSettings, type DeadLetters } from '../worker/connector-settings.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import { realConfig } from '../worker/real-config.ts'
import { type Answer, badRequest, type Call, conflict, flag, ok } from './answer.ts'
import { connectorType, type LiveView, requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { asOrder } from './redrive-order.ts'
import { restartTask } from './restart.ts'
import { tellChanged } from './write.ts'

/** How long one request reads letters, in ms: within the time that API Gateway gives it. */
const READ_MS = 20_000
const SHOWN = 10
const MOST_SHOWN = 500

interface Box {
  readonly view: LiveView
  /** Its config, with references resolved. */
  readonly config: RawConfig
  readonly kind: 'source' | 'sink'
  readonly settings: ConnectorSettings
  readonly deadLetters: DeadLetters
}

async function requireBox(deps: Deps, name: string): Promise<Box> {
  const view = await requireView(deps, name)
  const { config } = await realConfig(deps.worker, view.config)
  const settings = connectorSettings(config, deps.worker)
  const kind = (await connectorType(deps, view.config)) === 'source' ? 'source' : 'sink'
  const { deadLetters } = settings.errors
  const key = `${kind === 'source' ? 'penstock.' : ''}errors.deadletterqueue.topic.name`
  if (deadLetters === null) throw conflict(`Connector ${name} has no topic for dead letters: set ${key}`)
  return { view, config, kind, settings, deadLetters }
}

export async function grouped(deps: Deps, { name }: Call): Promise<Answer> {
  const box = await requireBox(deps, name)
  using time = budget(READ_MS)
  const { topic } = box.deadLetters
  const groups = new LetterGroups()
  let [count, redriven] = [0, 0]
  const { ledger, ranges } = await found(deps, name, topic, time)
  for await (const some of readLetters(deps.admin, deps.worker, topic, ranges, time))
    for (const letter of some) {
      if (!isOf(letter, name)) continue
      const isRedriven = ledger.has(letter)
      groups.add(letter, isRedriven)
      count++
      if (isRedriven) redriven++
    }
  const complete = !time.signal.aborted
  return ok({ name, topic, count, redriven, waiting: await waiting(deps, box), complete, groups: groups.all })
}

async function found(deps: Deps, name: string, topic: string, time: Budget) {
  const { admin, worker } = deps
  const ranges = await letterRanges(admin, topic)
  const ledger = await readLedger(admin, worker, redriveName(worker, name), topic, ranges, time)
  return { ranges, ledger }
}

/** A source's offsets are perhaps in a topic of its own. */
async function waiting({ admin, worker, offsets, log }: Deps, { view, kind, config }: Box): Promise<number> {
  const store = kind === 'source' ? await offsetsStore(worker, offsets, config, log) : offsets
  return waitingLetters(admin, worker, view.name, kind, store)
}

export async function letters(deps: Deps, { name, query }: Call): Promise<Answer> {
  const { view, kind, deadLetters } = await requireBox(deps, name)
  using time = budget(READ_MS)
  const asked = query.get('letter')
  const one = asked === null ? null : parsePlace(asked)
  const [stage, error] = [query.get('stage'), query.get('error')]
  const limit = Math.min(MOST_SHOWN, Number(query.get('limit') ?? SHOWN))
  if (!(limit > 0)) throw badRequest('limit must be a positive number')
  const { ledger, ranges } = await found(deps, name, deadLetters.topic, time)
  const wanted =
    one === null
      ? ranges
      : ranges.flatMap((range) =>
          range.partition === one.partition && one.offset >= range.from && one.offset < range.to
            ? [{ ...range, from: one.offset, to: one.offset + 1 }]
            : [],
        )
  const chosen: DeadLetter[] = []
  for await (const some of readLetters(deps.admin, deps.worker, deadLetters.topic, wanted, time)) {
    chosen.push(...some.filter((letter) => isOf(letter, name) && matches(letter, { stage, error })))
    if (chosen.length >= limit) break
  }
  const shown = chosen.slice(0, limit)
  const { registry, worker } = deps
  const plugins = {
    converter: (use: string) => registry.find('converter', use),
    headerConverter: (use: string) => registry.find('header_converter', use),
    transform: (use: string) => registry.find('transformation', use),
    predicate: (use: string) => registry.find('predicate', use),
  }
  const decode = await decoder(worker, view.config, kind, plugins, shown)
  return { status: 200, text: jsonText(shown.map((letter) => shownLetter(letter, kind, decode(letter), ledger))) }
}

function shownLetter(
  letter: DeadLetter,
  kind: Box['kind'],
  decoded: { readonly record: JsonNode; readonly why: string | null },
  ledger: Ledger,
): JsonNode {
  const { timestamp, context, redrives, isEdited } = letter
  return {
    letter: place(letter),
    timestamp,
    ...(context as unknown as { readonly [name: string]: JsonNode }),
    redrives,
    redriven: ledger.has(letter),
    record: decoded.record,
    undecoded: decoded.why,
    ...rawNode(letter),
    line: editLine(letter, kind === 'source' || isEdited),
  }
}

export async function redriven(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const box = await requireBox(deps, name)
  const { kind, settings, deadLetters } = box
  const asked = asOrder(await call.json())
  using time = budget(READ_MS)
  const order = { connector: name, kind, settings, deadLetters, ...asked }
  const done = await redrive(deps.admin, deps.worker, order, time).catch((error: unknown) => {
    if (!isFenced(error)) throw error
    throw conflict(`Another redrive of connector ${name} has begun meanwhile: this one has done nothing. Try again`)
  })
  if (done.redriven.length > 0 && !asked.dryRun) {
    // The queue is looked at when a slice starts.
    await restartTask(deps, name, 0)
    await tellChanged(deps, name)
  }
  return ok({ ...done, waiting: await waiting(deps, box) })
}

export async function purgedLetters(deps: Deps, call: Call): Promise<Answer> {
  const { name, query } = call
  const { deadLetters } = await requireBox(deps, name)
  using time = budget(READ_MS)
  const asked = query.getAll('before').map(parsePlace)
  const before = asked.length === 0 ? null : new Map(asked.map(({ partition, offset }) => [partition, offset]))
  const { topic } = deadLetters
  const partitions = await purge(deps.admin, deps.worker, name, topic, before, flag(call, 'shared'), time)
  return ok({ topic, partitions })
}

function isFenced(error: unknown): boolean {
  if (!(error instanceof KafkaError)) return false
  return error.code === CODES.PRODUCER_FENCED || error.code === CODES.INVALID_PRODUCER_EPOCH
}
