import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Net from "node:net"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"

/** For what has been written to reach the other side. */
const farewell = "2 seconds"

/**
 * Binds the server, and gives the port. At the end open connections are closed too, those of WebSockets among them, which
 * Node would wait for as long as their other side likes.
 */
export const listen = (
  server: Http.Server,
  { host, port }: { readonly host: string; readonly port: number }
): Effect.Effect<number, ConfigurationError, Scope.Scope> => {
  const sockets = new Set<Net.Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })

  const open = Effect.async<number, ConfigurationError>((resume) => {
    server.once(
      "error",
      ({ message }) =>
        resume(new ConfigurationError({ problems: [`cannot listen on port ${port} of ${host}: ${message}`] }))
    )
    server.listen(port, host, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

  const close = Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroySoon()
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(farewell),
    Effect.ensuring(Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
    }))
  )

  return Effect.acquireRelease(open, () => close)
}
