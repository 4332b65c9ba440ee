import type { ServerResponse } from "node:http"

/** One event of a stream, as the vendor would write it. */
export interface WireEvent {
  readonly event?: string
  /** Written as it is when a string, else as JSON. */
  readonly data: unknown
}

export interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** How many bytes a packet has; all of it is one unless told. */
  readonly packet?: number
  /** What happens after the last event: the response ends well, its socket is destroyed, or nothing more comes. */
  readonly ending?: "end" | "reset" | "stall"
  readonly lineEnd?: "\n" | "\r\n"
  /** Called before the last packet goes out: whoever has the whole answer finds this done. */
  readonly beforeLast?: () => void
}

export const toWire = (events: ReadonlyArray<WireEvent>, lineEnd = "\n"): string =>
  events.map(({ data, event }) =>
    (event === undefined ? "" : `event: ${event}${lineEnd}`) +
    `data: ${typeof data === "string" ? data : JSON.stringify(data)}${lineEnd}${lineEnd}`
  ).join("")

/** A stream of events. Packets are written one after the other, each once the one before is out. */
export const streamAnswer = (
  response: ServerResponse,
  events: ReadonlyArray<WireEvent> | string,
  { beforeLast, ending = "end", headers = {}, lineEnd, packet }: StreamOptions = {}
): void => {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers })
  response.flushHeaders()
  const bytes = Buffer.from(typeof events === "string" ? events : toWire(events, lineEnd))
  const size = packet ?? Math.max(1, bytes.length)
  response.socket?.setNoDelay(true)
  const write = (from: number): void => {
    if (response.destroyed) return
    if (from < bytes.length) {
      if (from + size >= bytes.length) beforeLast?.()
      response.write(bytes.subarray(from, from + size), () => setImmediate(write, from + size))
      return
    }
    if (ending === "end") response.end()
    if (ending === "reset") response.socket?.destroy()
  }
  write(0)
}

export const jsonAnswer = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}
