/** Ports on loopback. */
import { connect, createServer } from 'node:net'

export const LOOPBACK = '127.0.0.1'

/** `port` where it can be listened on, a free one for 0; null where it is taken. */
export function claimPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen(port, LOOPBACK, () => {
      const address = server.address()
      const claimed = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(claimed))
    })
  })
}

export async function freePort(): Promise<number> {
  return (await claimPort(0)) ?? freePort()
}

/** Whether somebody accepts connections there. */
export function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.setTimeout(2_000, () => done(false))
  })
}
