import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { withSession } from "../../src/services/Session.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import { start } from "./anotherHost.js"

const runtime = SessionRuntime.layerTest()

describe("withSession", () => {
  it.scoped("returns the result of its function, and leaves the session as it is", () =>
    Effect.gen(function*() {
      const session = yield* start
      assert.strictEqual((yield* withSession(session, ({ send }) => send("Hi"))).text, "You said: Hi")
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(runtime)))

  it.scoped.each<[string, () => Effect.Effect<never, string>]>([
    ["fails", () => Effect.fail("mine")],
    ["dies", () => Effect.die("mine")],
    ["throws", () => {
      throw new Error("mine")
    }]
  ])("archives a session whose function %s, and passes on the cause", ([, use]) =>
    Effect.gen(function*() {
      const session = yield* start
      const exit = yield* Effect.exit(withSession(session, use))
      assert(Exit.isFailure(exit))
      assert.include(Cause.pretty(exit.cause), "mine")
      assert.strictEqual((yield* session.info).status, "archived")
    }).pipe(Effect.provide(runtime)))

  it.scoped("leaves a session whose function is interrupted, or interrupts itself", () =>
    Effect.gen(function*() {
      const session = yield* start
      const using = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        withSession(session, () => Effect.zipRight(Deferred.succeed(using, undefined), Effect.never))
      )
      yield* Deferred.await(using)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* session.info).status, "active")
      yield* Effect.exit(withSession(session, () => Effect.interrupt))
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(runtime)))

  it.scoped("passes on the cause when the session cannot be archived, and logs that failure", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* start
        yield* session.delete
        assert.strictEqual(yield* Effect.flip(withSession(session, () => Effect.fail("mine"))), "mine")
        const warnings = lines.filter(({ level }) => level === "Warning")
        assert.deepStrictEqual(warnings.map(({ annotations, message }) => [message, annotations["sessionId"]]), [
          ["A session that failed could not be archived", session.id]
        ])
      })
    ).pipe(Effect.provide(runtime)))
})
