import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { Meter } from '../../../lib/pipeline/meter.ts'
import { sliceEmf } from '../../../lib/slice/emf.ts'
import { sliceMeasures } from '../../../lib/slice/measured.ts'
import { type Lease, NO_PROGRESS, type RunProgress } from '../../../lib/state/lease.ts'

/** As "Specification: Embedded metric format" of CloudWatch's user guide has it. */
const SCHEMA = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['Timestamp', 'CloudWatchMetrics'],
      properties: {
        Timestamp: { type: 'integer' },
        CloudWatchMetrics: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['Namespace', 'Dimensions', 'Metrics'],
            properties: {
              Namespace: { type: 'string', minLength: 1, maxLength: 1024 },
              Dimensions: {
                type: 'array',
                minItems: 1,
                items: {
                  type: 'array',
                  minItems: 1,
                  maxItems: 30,
                  items: { type: 'string', minLength: 1, maxLength: 250 },
                },
              },
              Metrics: {
                type: 'array',
                minItems: 1,
                maxItems: 100,
                items: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['Name'],
                  properties: {
                    Name: { type: 'string', minLength: 1, maxLength: 1024 },
                    Unit: {
                      enum: ['Milliseconds', 'Bytes', 'Count', 'Bytes/Second', 'Count/Second', 'Percent', 'None'],
                    },
                    StorageResolution: { enum: [1, 60] },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
}

interface Emf {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      { readonly Dimensions: readonly string[][]; readonly Metrics: readonly { readonly Name: string }[] },
    ]
  }
  readonly [member: string]: unknown
}

const lease: Lease = {
  connector: 'orders',
  task: 1,
  epoch: 8,
  generation: 5,
  state: 'owned',
  owner: 'r/n',
  deadline: 0,
  invitedAt: 0,
  plannedEnd: 0,
  heir: null,
  doubled: false,
  wanted: 'run',
  end: { kind: 'again' },
  clean: true,
  restarts: 0,
  nextRestart: null,
  slices: 6,
  progress: { ...NO_PROGRESS, read: 1_000, lastPoll: 5_000 },
}

function ran(): RunProgress {
  const meter = new Meter()
  meter.polled(40, 5)
  meter.acknowledged(40, Date.now() - 30)
  const { uncounted: _uncounted, committed: _committed, ...accounting } = NO_PROGRESS.accounting
  const counted = { ...NO_PROGRESS, read: 40, written: 38, filtered: 2, lag: 7, firstPoll: 5_012, lastPoll: 9_000 }
  return { ...counted, accounting: { ...accounting, range: null }, measures: meter.measures() }
}

function parsed(line: string): Emf {
  expect(line).toMatch(/^\{[^\n]*\}\n$/)
  const document = JSON.parse(line) as Emf
  const validate = new Ajv({ allErrors: true }).compile(SCHEMA)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  const [{ Dimensions, Metrics }] = document._aws.CloudWatchMetrics
  for (const name of Dimensions.flat()) expect(document[name], name).toBeTypeOf('string')
  for (const { Name } of Metrics) expect(document[Name], Name).toBeTypeOf('number')
  return document
}

test('a slice that ended is one line that CloudWatch takes, with what it did alone', () => {
  const run = ran()
  const measures = sliceMeasures(lease, run, { kind: 'again' })
  const document = parsed(sliceEmf({ lease, run, measures, mismatch: false }))
  expect(document._aws.CloudWatchMetrics[0]).toMatchObject({
    Namespace: 'Penstock',
    Dimensions: [['connector'], ['connector', 'task']],
  })
  expect(document).toMatchObject({ connector: 'orders', task: '1', epoch: 8, slice: 7 })
  expect(document).toMatchObject({ RecordsRead: 40, RecordsWritten: 38, RecordsFiltered: 2, Lag: 7, HandOverGap: 12 })
  for (const name of ['Failures', 'Restarts', 'RecordsSkipped', 'CounterMismatches'])
    expect(document).not.toHaveProperty(name)
  expect(document['LatencyP99']).toBeGreaterThan(25)
})

test('one that failed before its task started says so, and says nothing of what it does not know', () => {
  const failed = { kind: 'failed', error: { message: '', trace: '', retriable: true } } as const
  const measures = sliceMeasures({ ...lease, end: failed }, null, failed)
  const document = parsed(sliceEmf({ lease, run: null, measures, mismatch: true }))
  expect(document).toMatchObject({ RecordsRead: 0, Failures: 1, Restarts: 1, CounterMismatches: 1 })
  for (const name of ['Lag', 'LatencyP50', 'HandOverGap']) expect(document).not.toHaveProperty(name)
})
