import type { ServerResponse } from "node:http"

/** One event of a stream, as the vendor writes it. */
export interface WireEvent {
  readonly event?: string
  /** A string is written as it is, anything else as JSON. */
  readonly data: unknown
}

export interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes in a packet. Default: the whole stream. */
  readonly packet?: number
  /** After the last event, the response ends, its socket is destroyed, or nothing happens. Default: `end`. */
  readonly ending?: "end" | "reset" | "stall"
  readonly lineEnd?: "\n" | "\r\n"
  /** Called before the last packet is sent, so that it is done once the answer is complete. */
  readonly beforeLast?: () => void
}

export const toWire = (events: ReadonlyArray<WireEvent>, lineEnd = "\n"): string =>
  events.map(({ data, event }) =>
    (event === undefined ? "" : `event: ${event}${lineEnd}`) +
    `data: ${typeof data === "string" ? data : JSON.stringify(data)}${lineEnd}${lineEnd}`
  ).join("")

/** Streams events. Each packet is written once the one before is sent. */
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
