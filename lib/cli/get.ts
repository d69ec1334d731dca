/** `penstock get NOUN`: lists of what the server has. */
import { Command } from 'commander'
import { byRegexp } from './names.ts'
import { remote } from './server.ts'

export function getCommand(): Command {
  return new Command('get')
    .addCommand(
      byRegexp(remote(new Command('connectors')))
        .alias('connector')
        .description('connectors with their states')
        .argument('[names...]', 'these alone')
        .action(async (names, flags) => (await import('./get-connectors.ts')).getConnectors(names, flags)),
    )
    .addCommand(
      byRegexp(remote(new Command('tasks')))
        .alias('task')
        .description('tasks with their states; of Penstock what they have done, too')
        .argument('[names...]', "these connectors' alone")
        .action(async (names, flags) => (await import('./get-tasks.ts')).getTasks(names, flags)),
    )
    .addCommand(
      remote(new Command('config'))
        .alias('configs')
        .description("a connector's config")
        .argument('<name>', 'connector')
        .option('--show-secrets', 'secrets as they were given')
        .action(async (name, flags) => (await import('./get-config.ts')).getConfig(name, flags)),
    )
    .addCommand(
      remote(new Command('topics'))
        .alias('topic')
        .description('the topics that a connector has used')
        .argument('<name>', 'connector')
        .action(async (name, flags) => (await import('./get-topics.ts')).getTopics(name, flags)),
    )
    .addCommand(
      remote(new Command('offsets'))
        .description('what a connector goes on from')
        .argument('<name>', 'connector')
        .action(async (name, flags) => (await import('./offsets.ts')).getOffsets(name, flags)),
    )
    .addCommand(
      remote(new Command('plugins'))
        .description('plugins')
        .option('-t, --type <types>', 'source, sink, converter, header_converter, transformation, predicate')
        .option('--search <text>', 'whose class contains it')
        .action(async (flags) => (await import('./plugins.ts')).listPlugins(flags)),
    )
    .addCommand(
      remote(new Command('loggers'))
        .alias('logger')
        .description('loggers and their levels')
        .argument('[name]', 'this one alone')
        .action(async (name, flags) => (await import('./loggers.ts')).listLoggers(name, flags)),
    )
    .addCommand(
      remote(new Command('instances'))
        .description("the local cloud's processes, and what each is doing")
        .action(async (flags) => (await import('./get-instances.ts')).getInstances(flags)),
    )
}
