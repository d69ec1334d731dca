/** `penstock completion SHELL`: a shell's completion script, which asks `penstock complete -- WORDS`. */
import tab, { type RootCommand } from '@bomb.sh/tab'
import ofCommander from '@bomb.sh/tab/commander'
import { Argument, Command } from 'commander'
import { COMMANDS } from './commands.ts'
import { readContexts } from './context-file.ts'
import { program } from './index.ts'
import { clientOf } from './server.ts'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell']
/** A tab key waits no longer for the server, in ms. */
const PATIENCE_MS = 2_000
/** The shell completes names of files. */
const FILES = ':0'

export function completionCommand(): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', '\nbash: source <(penstock completion bash)')
    .action((shell: string) => {
      tab.setup('penstock', 'penstock', shell)
      // Where a word is a file's name, ours has none.
      if (shell === 'bash') console.log('complete -o default -F __penstock_complete penstock')
    })
}

/** What the scripts ask: the line's words after `penstock`. */
export async function completions(words: readonly string[]): Promise<void> {
  const [name = ''] = words
  // The library brings its own of that name.
  const others = COMMANDS.filter((one) => one.name !== 'completion')
  const all = await program(others.some((one) => one.name === name) ? name : null, others)
  if (takesFile(all, words)) return console.log(FILES)
  const completion = ofCommander(all, { completionCommandName: 'completion' })
  await addNames(completion, words)
  completion.parse([...words])
}

/** Whether the word that is being typed is the value of a flag for a file or folder, or such an argument. */
function takesFile(all: Command, words: readonly string[]): boolean {
  const command = all.commands.find((one) => one.name() === words[0])
  const before = words.at(-2) ?? ''
  const path = /<(file|path|folder)/
  const sub = command?.commands.find((one) => one.name() === words[1]) ?? command
  if (sub === undefined || words.at(-1)?.startsWith('-')) return false
  const option = sub.options.find((one) => one.short === before || one.long === before)
  if (option !== undefined) return path.test(option.flags)
  return (
    words.length > 1 && sub.registeredArguments.some((one) => ['files', 'worker', 'connectors'].includes(one.name()))
  )
}

/** Connectors' names for `name` and `names`, plugins for `class`, contexts for `--context`. */
async function addNames(completion: RootCommand, words: readonly string[]): Promise<void> {
  const contexts = await readContexts().catch(() => null)
  for (const [path, command] of completion.commands) {
    const option = command.options.get('context')
    if (option !== undefined)
      option.handler = (add) => {
        for (const [name, { url }] of Object.entries(contexts?.contexts ?? {})) add(name, url)
      }
    if (path.split(' ')[0] !== words[0]) continue
    const source = path.startsWith('context') ? Object.entries(contexts?.contexts ?? {}) : null
    for (const [name, argument] of command.arguments) {
      if (name !== 'name' && name !== 'names' && name !== 'class') continue
      const names = source?.map(([key]) => key) ?? (await asked(path, name, words))
      argument.handler = (add) => {
        for (const one of names) add(one, '')
      }
    }
  }
}

/** Nothing where the server doesn't answer: completion never complains. */
async function asked(path: string, argument: string, words: readonly string[]): Promise<readonly string[]> {
  const listed = path === words.slice(0, path.split(' ').length).join(' ')
  if (!listed || words.at(-1)?.startsWith('-')) return []
  const ask = async () => {
    const client = await clientOf({ ...flag('url', words), ...flag('context', words) })
    if (path.endsWith('loggers') || path === 'loggers set')
      return Object.keys(await client.get<object>('/admin/loggers'))
    if (argument !== 'class') return (await client.get<string[]>('/connectors')).sort()
    const plugins = await client.get<{ class: string }[]>('/connector-plugins?connectorsOnly=false')
    return plugins.map((plugin) => plugin.class)
  }
  const late = new Promise<string[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref())
  return Promise.race([ask().catch(() => []), late])
}

function flag(name: string, words: readonly string[]): Record<string, string> {
  const at = words.indexOf(`--${name}`)
  const value = at < 0 ? undefined : words[at + 1]
  return value === undefined ? {} : { [name]: value }
}
