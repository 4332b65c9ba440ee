import { Data, Deferred, Effect, Redacted, type Scope } from "effect"
import { WebSocket } from "ws"
import { token } from "../../rpc/token.js"

/** The server answered the upgrade with an HTTP status. 0: it closed the connection instead. */
export class NotUpgraded extends Data.TaggedError("NotUpgraded")<{ readonly status: number }> {}

export interface WebSocketOptions {
  /** The value of the `Authorization` header; `undefined` sends none. Default: the right token. */
  readonly authorization?: string | undefined
  readonly origin?: string
  /** Receives each message. Default: messages are only counted. */
  readonly onMessage?: (text: string) => void
}

/** A client that sends anything, and reads or does not read. */
export interface WebSocketClient {
  /** Sends one message, or with `unfinished` the first part of one. */
  readonly send: (data: string, unfinished?: "unfinished") => Effect.Effect<void>
  readonly ping: Effect.Effect<void>
  /** Stops to read; the answers fill the buffers of both sides. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** What has been received. */
  readonly received: () => { readonly messages: number; readonly bytes: number }
  /** Waits for the close, and returns its code. 1006: the connection was cut without one. */
  readonly closed: Effect.Effect<number>
}

export const bearer = `Bearer ${Redacted.value(token)}`

/** Opens a WebSocket to a server, for as long as the scope is open. */
export const openWebSocket = (
  url: string,
  { onMessage, origin, ...options }: WebSocketOptions = {}
): Effect.Effect<WebSocketClient, NotUpgraded, Scope.Scope> =>
  Effect.gen(function*() {
    const authorization = "authorization" in options ? options.authorization : bearer
    const received = { messages: 0, bytes: 0 }
    const closed = yield* Deferred.make<number>()
    const socket = yield* Effect.acquireRelease(
      Effect.async<WebSocket, NotUpgraded>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/rpc`, {
          ...(authorization !== undefined && { headers: { authorization } }),
          ...(origin !== undefined && { origin }),
          perMessageDeflate: false,
          // The server must not depend on it.
          skipUTF8Validation: true
        })
        const fail = (status: number) => resume(new NotUpgraded({ status }))
        socket.on("open", () => resume(Effect.succeed(socket)))
        socket.on("unexpected-response", (request, { statusCode = 0 }) => {
          request.destroy()
          fail(statusCode)
        })
        // A cut connection reports an error, and then closes.
        socket.on("error", () => fail(0))
        socket.on("message", (data: Buffer) => {
          received.messages += 1
          received.bytes += data.length
          onMessage?.(data.toString())
        })
        socket.on("close", (code) => Deferred.unsafeDone(closed, Effect.succeed(code)))
      }),
      (socket) => Effect.sync(() => socket.terminate())
    )
    return {
      send: (data, unfinished) => Effect.sync(() => socket.send(data, { fin: unfinished === undefined }, ignore)),
      ping: Effect.sync(() => socket.ping(undefined, undefined, ignore)),
      pause: Effect.sync(() => socket.pause()),
      resume: Effect.sync(() => socket.resume()),
      received: () => received,
      closed: Deferred.await(closed)
    }
  })

/** The close of the socket says what happened to data that could not be sent. */
const ignore = () => {}
