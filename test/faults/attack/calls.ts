import { Effect, Schema } from "effect"
import { exchange, request } from "../../rpc/wire.js"

/** Makes one call on a connection of its own, and returns the result. Dies when the call fails. */
export const call = (url: string, tag: string, payload?: object): Effect.Effect<unknown> =>
  Effect.flatMap(
    Effect.orDie(exchange("websocket", url, request("1", tag, payload))),
    ([frame]) =>
      frame?.exit?._tag === "Success" ? Effect.succeed(frame.exit.value) : Effect.dieMessage(JSON.stringify(frame))
  )

/** Creates a session. `delay` and the like are settings of the mock provider. */
export const create = (url: string, providerConfig: object = {}): Effect.Effect<string> =>
  Effect.flatMap(
    call(url, "Create", { userId: "ada", provider: "mock", model: "mock-model", providerConfig }),
    (id) => Effect.orDie(Schema.decodeUnknown(Schema.String)(id))
  )

/** Creates a session of so many messages of 240 KB, which are one page of `Messages`, and the same number of events. */
export const createBig = Effect.fnUntraced(function*(url: string, messages: number) {
  const sessionId = yield* create(url)
  const content = { content: "x".repeat(240 * 1024) }
  yield* Effect.replicateEffect(call(url, "SendSystem", { sessionId, content }), messages, { discard: true })
  return sessionId
})

/** What `Health` says of the server: how many connections and streams are open. */
export const serverHealth = (url: string) =>
  Effect.flatMap(call(url, "Health"), (health) => Effect.orDie(Schema.decodeUnknown(ServerHealth)(health))).pipe(
    Effect.map(({ server }) => server)
  )

const ServerHealth = Schema.Struct({ server: Schema.Struct({ streams: Schema.Number }) })
