import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { start } from "../host/anotherHost.js"
import { jsonAnswer, streamAnswer } from "./answers.js"
import type { Handler } from "./LoopbackServer.js"
import { runtimeWith, vendors } from "./vendors.js"

const replies = (url: string) => /\/(?:responses|messages|chat\/completions)$/.test(url)
const turnOfTheLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Lets time pass, a second at a time, until it has ended. */
const passTime = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<void> =>
  Effect.suspend(() =>
    fiber.unsafePoll() === null
      ? Effect.zipRight(Effect.zipRight(TestClock.adjust("1 second"), turnOfTheLoop), passTime(fiber))
      : Effect.void
  )

describe.each(Object.entries(vendors()))("a session that %s answers", (vendor, make) => {
  it.scoped("row 35: asks as often as it may, and no sooner than the vendor says", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const { provider, server } = yield* make
      const moments: Array<number> = []
      const busy: Handler = (_, response) => {
        moments.push(clock.unsafeCurrentTimeMillis())
        jsonAnswer(response, 429, { error: { type: "rate_limit_error", message: "slow" } }, { "retry-after": "3" })
      }
      yield* Effect.gen(function*() {
        const session = yield* start
        // What a vendor holds of the conversation is made before.
        yield* session.send("first")
        server.next(busy, busy, busy)
        const sending = yield* Effect.fork(session.send("again"))
        yield* passTime(sending)
        const error = yield* Effect.flip(Fiber.join(sending))
        assert(error._tag === "ProviderTransient")
        assert.strictEqual(error.retryAfterMs, 3000)
        const [first = 0, second = 0, third = 0] = moments
        assert.strictEqual(moments.length, 3)
        assert.isTrue(second - first >= 3000 && third - second >= 3000, `${moments}`)
        assert.lengthOf(server.received.filter(({ url }) => replies(url)), 4)
        assert.strictEqual((yield* session.send("now")).text, "You said: now")
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))

  it.scoped("row 40: takes the next message after a stream that just ends, or breaks, and asks nothing twice", () =>
    Effect.gen(function*() {
      const { provider, server } = yield* make
      yield* Effect.gen(function*() {
        const session = yield* start
        yield* session.send("first")
        for (const ending of ["end", "reset"] as const) {
          const asked = server.received.filter(({ url }) => replies(url)).length
          server.next((_, response) => streamAnswer(response, ": nothing yet\n\n", { ending }))
          const error = yield* Effect.flip(session.send("lost"))
          assert.strictEqual(error._tag, "ProviderProtocol", `${vendor}: ${error.message}`)
          assert.strictEqual(server.received.filter(({ url }) => replies(url)).length, asked + 1)
          assert.strictEqual((yield* session.send("found")).text, "You said: found")
        }
        assert.lengthOf((yield* session.messages()).items, 2 + 2 * 3)
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))
})
