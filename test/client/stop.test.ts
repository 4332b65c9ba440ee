import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { token } from "../rpc/token.js"

// The client's manager replaces the runtime's; the test controls the runtime's mock.
const over = (transport: "http" | "websocket") =>
  Layer.unwrapEffect(Effect.map(SessionServer, ({ url }) => SessionClient.layer({ url, token, transport }))).pipe(
    Layer.provide(SessionServer.layer({ token, port: 0, drainTimeout: 0 })),
    Layer.provideMerge(SessionRuntime.layerTest())
  )

describe.each(["http", "websocket"] as const)("stop over %s", (transport) => {
  layer(over(transport))((it) => {
    it.effect("ends the stream of the stopped turn", () =>
      Effect.gen(function*() {
        yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: ["half"], end: "stall" }]))
        const sessions = yield* SessionManager
        const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
        const error = yield* session.stream("hello").pipe(
          Stream.tap((event) =>
            event._tag === "TurnDelta"
              ? Effect.map(session.stop({ turnId: event.turnId }), (outcome) => assert.strictEqual(outcome, "stopped"))
              : Effect.void
          ),
          Stream.runDrain,
          Effect.flip
        )
        assert.strictEqual(error._tag, "TurnStopped")
        const { items } = yield* session.messages()
        assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
          [undefined, "hello"],
          ["cut", "half"]
        ])
      }))
  })
})
