import { Effect } from "effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  /** The exact body. */
  readonly raw: string
  /** `raw` parsed as JSON; undefined when empty. */
  readonly body: unknown
}

/** Answers one request. It may leave the response open. */
export type Handler = (request: ReceivedRequest, response: Http.ServerResponse) => void

export interface LoopbackServer {
  readonly url: string
  /** All requests, oldest first. */
  readonly received: ReadonlyArray<ReceivedRequest>
  /** Queues handlers for the next requests, one each. */
  readonly next: (...handlers: ReadonlyArray<Handler>) => void
  /** The number of open connections. */
  readonly connections: () => number
  /** Waits until this many connections are open. */
  readonly untilConnections: (count: number) => Effect.Effect<void>
}

/**
 * An HTTP server on a free port of the loopback interface, until the scope closes.
 */
export const makeLoopbackServer = Effect.fnUntraced(function*(handler: Handler) {
  const received: Array<ReceivedRequest> = []
  const queue: Array<Handler> = []
  let connections = 0
  let changed: Array<() => void> = []
  const count = (by: number) => {
    connections += by
    const waiting = changed
    changed = []
    for (const wake of waiting) wake()
  }

  const server = yield* Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const raw = Buffer.concat(chunks).toString()
          const { headers, method = "", url = "" } = request
          const all = { method, url, headers, raw, body: raw === "" ? undefined : (JSON.parse(raw) as unknown) }
          received.push(all)
          const answer = queue.shift() ?? handler
          answer(all, response)
        })
      })
      server.on("connection", (socket) => {
        count(1)
        socket.on("close", () => count(-1))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

  const untilConnections = (wanted: number): Effect.Effect<void> =>
    Effect.async<void>((resume) => {
      const look = () => connections === wanted ? resume(Effect.void) : void changed.push(look)
      look()
    })

  const loopback: LoopbackServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    next: (...handlers) => void queue.push(...handlers),
    connections: () => connections,
    untilConnections
  }
  return loopback
})
