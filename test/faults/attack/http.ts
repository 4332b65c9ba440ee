import { Deferred, Effect, Option, type Scope } from "effect"
import * as Http from "node:http"
import { bearer } from "./webSocket.js"

export interface RequestOptions {
  /** Default: `POST`. */
  readonly method?: string
  /** Besides the content type of the protocol. */
  readonly headers?: Http.OutgoingHttpHeaders
  /** The value of the `Authorization` header; `undefined` sends none. Default: the right token. */
  readonly authorization?: string | undefined
  /** Sent at once, and the body then ended. Default: none; the request does not end. */
  readonly body?: string
}

/** A request whose response is read only when the test says so. */
export interface OpenRequest {
  /** Waits for the head of the response. Status 0: the connection was closed without one. */
  readonly head: Effect.Effect<{ readonly status: number; readonly headers: Http.IncomingHttpHeaders }>
  /** Reads the body of the response to its end, or until the connection is cut, and returns its size in bytes. */
  readonly size: Effect.Effect<number>
  /** The same, and returns the body. */
  readonly text: Effect.Effect<string>
  /** Waits until the connection is closed. */
  readonly closed: Effect.Effect<void>
}

/** Sends a request to `/rpc`. The end of the scope cuts it. */
export const openRequest = (
  url: string,
  { body, headers, method = "POST", ...options }: RequestOptions = {}
): Effect.Effect<OpenRequest, never, Scope.Scope> =>
  Effect.gen(function*() {
    const authorization = "authorization" in options ? options.authorization : bearer
    const response = yield* Deferred.make<Option.Option<Http.IncomingMessage>>()
    const closed = yield* Deferred.make<void>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const request = Http.request(`${url}/rpc`, {
          agent: false,
          method,
          headers: {
            "content-type": "application/ndjson",
            ...(authorization !== undefined && { authorization }),
            ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
            ...headers
          }
        })
        request.on("response", (incoming) => Deferred.unsafeDone(response, Effect.succeedSome(incoming)))
        // A cut connection reports an error, and then closes.
        request.on("error", () => {})
        request.on("close", () => {
          Deferred.unsafeDone(response, Effect.succeedNone)
          Deferred.unsafeDone(closed, Effect.void)
        })
        if (body === undefined) request.flushHeaders()
        else request.end(body)
        return request
      }),
      (request) => Effect.sync(() => request.destroy())
    )
    const read = (onData: (chunk: Buffer) => void) =>
      Effect.flatMap(
        Deferred.await(response),
        Option.match({ onNone: () => Effect.void, onSome: (incoming) => drain(incoming, onData) })
      )
    return {
      head: Effect.map(
        Deferred.await(response),
        Option.match({
          onNone: () => ({ status: 0, headers: {} }),
          onSome: ({ headers, statusCode = 0 }) => ({ status: statusCode, headers })
        })
      ),
      size: Effect.suspend(() => {
        let size = 0
        return Effect.map(read(({ length }) => (size += length)), () => size)
      }),
      text: Effect.suspend(() => {
        const chunks: Array<Buffer> = []
        return Effect.map(read((chunk) => chunks.push(chunk)), () => Buffer.concat(chunks).toString())
      }),
      closed: Deferred.await(closed)
    }
  })

const drain = (incoming: Http.IncomingMessage, onData: (chunk: Buffer) => void) =>
  Effect.async<void>((resume) => {
    // A connection that was cut meanwhile does not close once more.
    if (incoming.closed) return resume(Effect.void)
    incoming.on("data", onData)
    incoming.on("error", () => {})
    incoming.on("close", () => resume(Effect.void))
  })
