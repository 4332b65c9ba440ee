import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Headers from "@effect/platform/Headers"
import * as Socket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Connection, Peer } from "./hardenedProtocol.js"

const goingAway = 1001
const invalidPayload = 1007

/**
 * One socket is one connection, for as long as either side wants.
 */
export const webSocketTransport = (connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>) =>
  Effect.fnUntraced(
    function*(socket: Socket.Socket) {
      // The server provides it, which its type does not tell.
      const { headers } = Option.getOrThrow(yield* Effect.serviceOption(NodeSocketServer.IncomingMessage))
      const write = yield* socket.writer
      const close = (code: number, reason: string) => write(new Socket.CloseEvent(code, reason))
      const connection = yield* connect({
        headers: Headers.fromInput(headers),
        send: (line) => Effect.ignore(write(line)),
        end: Effect.ignore(close(goingAway, "the server is stopping"))
      })
      yield* socket.runRaw((data) =>
        Effect.flatMap(
          connection.receive(data),
          (readable) => readable ? Effect.void : close(invalidPayload, "the last message cannot be read")
        )
      )
    },
    Effect.scoped,
    // How a socket ended concerns only its own client.
    Effect.ignore
  )
