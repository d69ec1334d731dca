/** A running part of the local cloud. */
export interface Part {
  /** `host:port`, or the URL of a part that speaks HTTP. */
  readonly address: string
  /** The process it runs in; the local cloud's own for the parts that are written in here. */
  readonly pid: number
  /** Ends it and resolves once it is gone. May be called again. */
  stop(): Promise<void>
}
