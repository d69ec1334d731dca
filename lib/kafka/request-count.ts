/** Requests that this process has sent to brokers, over all connections. */
let sent = 0

export function countRequest(): void {
  sent++
}

export function requestsSent(): number {
  return sent
}
