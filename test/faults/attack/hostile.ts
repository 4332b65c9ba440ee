import { Array, Effect, Schedule, type Scope } from "effect"
import { request } from "../../rpc/wire.js"
import { openRequest } from "./http.js"
import { openTcp } from "./tcp.js"
import { watchOverBlackHole } from "./vanishing.js"
import { type NotUpgraded, openWebSocket } from "./webSocket.js"

/** What a hostile client does on one connection, until the server closes it. */
type Attack = Effect.Effect<unknown, NotUpgraded, Scope.Scope>

const noToken = { authorization: undefined }
const empties = "{}\n".repeat(20_000)

/**
 * Each attack of rows 54 to 58 once, in the size of one client. `bigSession` is a session with a large page of messages.
 */
export const attacksOn = (url: string, bigSession: string): ReadonlyArray<Attack> => {
  const messages = lines(100, "Messages", { sessionId: bigSession, query: { limit: 10 } })

  return [
    // Asks for much and reads nothing.
    Effect.gen(function*() {
      const socket = yield* openWebSocket(url)
      yield* socket.pause
      yield* socket.send(messages)
      yield* Effect.sleep("40 seconds")
    }),
    Effect.flatMap(openRequest(url, { body: messages }), () => Effect.sleep("40 seconds")),

    // Floods.
    Effect.gen(function*() {
      const socket = yield* openWebSocket(url, noToken)
      yield* socket.send(empties)
      yield* socket.closed
    }),
    Effect.flatMap(openRequest(url, { ...noToken, body: empties }), ({ size }) => size),
    Effect.gen(function*() {
      const socket = yield* openWebSocket(url)
      yield* Effect.replicateEffect(socket.send(lines(500, "Health")), 12)
      yield* socket.closed
    }),
    Effect.gen(function*() {
      const socket = yield* openWebSocket(url)
      yield* Effect.replicateEffect(Effect.zipRight(socket.ping, socket.send("{\"_tag\":\"Ping\"}\n")), 2000)
      yield* Effect.sleep("10 seconds")
    }),

    // Guesses.
    Effect.flatMap(
      openRequest(url, { authorization: "Bearer not-the-token-at-all", body: empties }),
      ({ size }) => size
    ),

    // Says nothing, or nothing that ends.
    Effect.flatMap(openWebSocket(url, noToken), ({ closed }) => closed),
    Effect.gen(function*() {
      const connection = yield* openTcp(url)
      yield* connection.write("POST /rpc HTTP/1.1\r\nhost: ")
      yield* connection.write("x").pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.raceFirst(connection.closed))
    }),
    Effect.gen(function*() {
      const socket = yield* openWebSocket(url)
      yield* socket.send(" ".repeat(1_000_000), "unfinished")
      yield* socket.closed
    }),
    Effect.zipRight(watchOverBlackHole(url, bigSession), Effect.sleep("40 seconds"))
  ]
}

const lines = (count: number, tag: string, payload?: object) =>
  Array.makeBy(count, (id) => request(`${id}`, tag, payload)).join("")
