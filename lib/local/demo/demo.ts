/** `penstock up --demo`: connectors over sample data, and their progress. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isAuthWanted } from '../../rest/auth.ts'
import type { Cloud } from '../cloud.ts'
import { LocalError } from '../local-error.ts'
import { demoConnectors } from './connectors.ts'
import { demoFiles } from './data.ts'
import { nextSteps } from './next-steps.ts'
import { watch } from './watch.ts'

/** Creates the connectors that aren't there yet, and shows them until the signal. */
export async function runDemo(cloud: Cloud, signal: AbortSignal): Promise<void> {
  if (isAuthWanted(cloud.worker.settings) || cloud.url.startsWith('https'))
    throw new LocalError("The demo can't log in to the REST API", 'Leave out --demo, or the login and https')
  const folder = join(cloud.data, 'demo')
  await mkdir(folder, { recursive: true })
  const files = await demoFiles(cloud.data, folder)
  const connectors = demoConnectors(files)
  const there = (await (await fetch(`${cloud.url}/connectors`)).json()) as readonly string[]
  for (const [name, config] of Object.entries(connectors)) {
    if (signal.aborted) return
    if (!there.includes(name)) await create(cloud.url, name, config)
  }
  console.log(`\n${nextSteps(cloud.url, files)}`)
  await watch(cloud.url, Object.keys(connectors), signal)
}

async function create(url: string, name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const answer = await fetch(`${url}/connectors`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, config }),
  })
  const text = await answer.text()
  if (answer.status !== 201)
    throw new LocalError(`The demo's connector ${name} was refused (${answer.status}): ${text}`)
}
