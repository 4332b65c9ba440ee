import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer } from "effect"
import * as LocalSessionHost from "../../src/layers/host/LocalSessionHost.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { start } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { script } from "./scripted.js"

const configured = LocalSessionHost.layerConfig({
  mailboxCapacity: Config.integer("MAILBOX_CAPACITY"),
  maxTurnTime: Config.duration("MAX_TURN_TIME")
})

const withVariables = (variables: Record<string, string>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

describe("LocalSessionHost.layerConfig", () => {
  it.scoped("reads the options from Config", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("done")
      yield* script(reply)
      const context = yield* Layer.build(
        Layer.provide(configured, withVariables({ MAILBOX_CAPACITY: "1", MAX_TURN_TIME: "1 minute" }))
      )
      const host = yield* Effect.provide(SessionHost, context)
      yield* host.submit(session.id, { content: "one" })
      yield* asked
      assert.strictEqual((yield* Effect.flip(host.submit(session.id, { content: "two" })))._tag, "SessionBusy")
      yield* open
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("fails with a ConfigError that names the variable", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Layer.build(Layer.provide(configured, withVariables({ MAILBOX_CAPACITY: "many", MAX_TURN_TIME: "1 minute" })))
      )
      assert.include(String(error), "MAILBOX_CAPACITY")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
