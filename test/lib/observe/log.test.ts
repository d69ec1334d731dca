import { expect, test } from 'vitest'
import { Password } from '../../../lib/connect/settings.ts'
import { type LogOptions, logger } from '../../../lib/observe/log.ts'

function lines(options: LogOptions, secret = new Password('hunter2')): string {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  const log = logger({}, { ...options, write }).child({ connector: 'orders', task: 1, epoch: 7 })
  log.debug('details')
  log.warn('slow target', { ms: 1200, secret, trace: 'Error: x\n  at y' })
  return text
}

test('a line is an object with the task, the fields and no secrets', () => {
  const line = JSON.parse(lines({ pretty: false })) as Record<string, unknown>
  expect(line).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    connector: 'orders',
    task: 1,
    epoch: 7,
    ms: 1200,
    secret: '[hidden]',
    trace: 'Error: x\n  at y',
    message: 'slow target',
  })
})

test('pretty lines name the task, and traces follow below', () => {
  expect(lines({ pretty: true })).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}orders-1 slow target epoch=7 ms=1200 secret=\[hidden\]\n {2}Error: x\n {4}at y\n$/,
  )
})

test('what is known later is in the lines from then on', () => {
  const written: string[] = []
  const log = logger({}, { pretty: false, write: (line) => void written.push(line) }).child({ connector: 'orders' })
  log.info('begun')
  log.add({ slice: 7 })
  log.info('going')
  expect(written.map((line) => (JSON.parse(line) as Record<string, unknown>)['slice'])).toEqual([undefined, 7])
})

test('the level decides what is written', () => {
  expect(lines({ pretty: true, level: 'debug' })).toContain('DEBUG orders-1 details')
  expect(lines({ pretty: true, level: 'error' })).toBe('')
})
