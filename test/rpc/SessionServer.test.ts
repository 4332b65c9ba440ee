import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import * as TestServer from "./TestServer.js"
import { token } from "./token.js"
import { exchange, request } from "./wire.js"

/** A server whose manager has a provider of this name. */
const serverOf = (name: string) =>
  SessionServer.layer({ token, port: 0 }).pipe(
    Layer.provide(Layer.effect(
      SessionManager,
      Effect.map(SessionManager, (sessions) => ({
        ...sessions,
        health: Effect.map(sessions.health, (health) => ({ ...health, providers: [name] }))
      }))
    )),
    Layer.provide(SessionRuntime.layerTest())
  )

describe("SessionServer.layer", () => {
  it.scoped("serves its own manager, even with a second server in the process", () =>
    Effect.gen(function*() {
      const memoMap = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      for (const name of ["one", "other"]) {
        const server = yield* Layer.buildWithMemoMap(serverOf(name), memoMap, scope)
        const { url } = Context.get(server, SessionServer)
        const [frame] = yield* exchange("http", url, request("1", "Health"))
        assert.deepInclude(frame?.exit?.value, { providers: [name] })
      }
    }))

  for (const token of ["", "canary", "x".repeat(513), "canary with blanks in it"]) {
    it.scoped(`refuses the token "${token.slice(0, 20)}"`, () =>
      Effect.gen(function*() {
        const options = { token: Redacted.make(token), host: "0.0.0.0" }
        const error = yield* Effect.flip(Layer.build(TestServer.layer(options)))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.match(error.message, /^token /)
        assert.notInclude(error.message, "canary")
      }))
  }

  for (const port of [-1, 65_536, 1.5, NaN]) {
    it.scoped(`refuses the port ${port}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(TestServer.layer({ port })))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.strictEqual(error.message, `port must be a whole number from 0 to 65535 (got ${port})`)
      }))
  }
})
