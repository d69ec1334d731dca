import { main } from '../lib/cli/index.ts'

// What still holds the event loop open (a kept connection, a timer) must not keep a finished command alive.
process.exit(await main(process.argv.slice(2)))
