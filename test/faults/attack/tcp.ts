import { Deferred, Effect, type Scope } from "effect"
import * as Net from "node:net"

export interface TcpConnection {
  readonly write: (data: string | Uint8Array) => Effect.Effect<void>
  /** What has been received. */
  readonly text: () => string
  /** Waits until the server has closed the connection. */
  readonly closed: Effect.Effect<void>
}

/** Opens a connection on which nothing is sent by itself. */
export const openTcp = (url: string): Effect.Effect<TcpConnection, never, Scope.Scope> =>
  Effect.gen(function*() {
    const closed = yield* Deferred.make<void>()
    let text = ""
    const socket = yield* Effect.acquireRelease(
      Effect.async<Net.Socket>((resume) => {
        const { hostname, port } = new URL(url)
        const socket = Net.connect({ host: hostname, port: Number(port) })
        socket.setEncoding("utf8").on("data", (piece: string) => (text += piece))
        socket.on("connect", () => resume(Effect.succeed(socket)))
        socket.on("error", () => {})
        socket.on("close", () => {
          Deferred.unsafeDone(closed, Effect.void)
          resume(Effect.succeed(socket))
        })
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
    return {
      write: (data) => Effect.sync(() => void socket.write(data)),
      text: () => text,
      closed: Deferred.await(closed)
    }
  })
