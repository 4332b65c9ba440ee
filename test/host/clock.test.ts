import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { sessionDuration } from "../../src/domain/SessionMetrics.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { listening } from "./listening.js"
import { script } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const day = 24 * 60 * 60 * 1000

/** Runs a test with a system clock that can jump, as when an administrator sets it. Timers are not affected. */
const withJumps = <A, E, R>(test: (jump: (millis: number) => void) => Effect.Effect<A, E, R>) =>
  Effect.clockWith((clock) => {
    let offset = 10 * day
    const millis = () => clock.unsafeCurrentTimeMillis() + offset
    const nanos = () => clock.unsafeCurrentTimeNanos() + BigInt(offset) * 1_000_000n
    const jumping: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      sleep: (duration) => clock.sleep(duration),
      unsafeCurrentTimeMillis: millis,
      currentTimeMillis: Effect.sync(millis),
      unsafeCurrentTimeNanos: nanos,
      currentTimeNanos: Effect.sync(nanos)
    }
    const jump = (by: number) => {
      offset += by
    }
    return Effect.withClock(Effect.provide(test(jump), SessionRuntime.layerTest()), jumping)
  })

describe("row 25: a system clock that jumps", () => {
  it.scoped.each([[-day, -day], [-1000, day], [day, -day], [-day, day]])(
    "by %s ms during a turn and by %s after it changes no order, and makes no negative time",
    ([during = 0, after = 0]) =>
      withJumps((jump) =>
        Effect.gen(function*() {
          const session = yield* Effect.flatMap(
            SessionManager,
            (sessions) =>
              sessions.create({
                userId: "ada",
                provider: "mock",
                model: "mock-model",
                config: { sessionTimeoutMinutes: 7 * 24 * 60 }
              })
          )
          for (const line of ["one", "two", "three"]) {
            const { finish, reply, say } = yield* spokenReply
            yield* script(reply)
            const stream = yield* listening(session.stream(line))
            yield* say(`${line} is `)
            yield* stream.until(({ _tag }) => _tag === "TurnDelta")
            jump(during)
            yield* session.submit(`after ${line}`)
            yield* say("said")
            yield* finish()
            yield* stream.end
            jump(after)
          }
          yield* session.send("last")
          const { items } = yield* session.messages()
          assert.deepStrictEqual(
            items.map(({ seq, text }) => [seq, text]),
            [
              ...["one", "two", "three"].flatMap((line) => [
                line,
                `${line} is said`,
                `after ${line}`,
                `You said: after ${line}`
              ]),
              "last",
              "You said: last"
            ].map((text, index) => [index + 1, text])
          )
          for (const { processingTimeMs = 0 } of items) assert.isAtLeast(processingTimeMs, 0)
          const metrics = yield* session.metrics
          assert.isAtLeast(metrics.totalResponseTimeMs, 0)
          assert.isAtLeast(Duration.toMillis(sessionDuration(metrics)), 0)
        })
      )
  )

  it.scoped("backwards does not make a session look idle", () =>
    withJumps((jump) =>
      Effect.gen(function*() {
        const session = yield* Effect.flatMap(
          SessionManager,
          (sessions) =>
            sessions.create({
              userId: "ada",
              provider: "mock",
              model: "mock-model",
              config: { sessionTimeoutMinutes: 30, autoDeleteAfter: "1 hour" }
            })
        )
        yield* session.send("one")
        jump(-day)
        assert.strictEqual((yield* session.send("two")).text, "You said: two")
      })
    ))
})
