import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { script } from "./scripted.js"

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`)

describe("more than can be taken", () => {
  it.scoped("row 51: is refused at once, and what is taken is answered in the order it came", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { host } = yield* anotherHost({ mailboxCapacity: 10 })
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      yield* host.submit(session.id, { content: "running" })
      yield* asked
      const answers = yield* Effect.forEach(
        numbered(100),
        (content) => Effect.either(host.submit(session.id, { content }))
      )
      assert.deepStrictEqual(answers.map(Either.isRight), answers.map((_, index) => index < 9))
      assert.isTrue(answers.slice(9).every((answer) => Either.isLeft(answer) && answer.left._tag === "SessionBusy"))
      yield* open
      yield* Effect.repeat(host.load, { until: ({ openTurns }) => openTurns === 0 })
      assert.deepStrictEqual(
        (yield* texts(session.id)).filter((_, index) => index % 2 === 0),
        ["running", ...numbered(9)]
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped.each(["rests", "runs"])(
    "row 52: of 10,000 sends at once to a session that %s, as many as there is room for",
    (state) =>
      Effect.gen(function*() {
        const session = yield* start
        if (state === "runs") yield* session.updateContext({ user: { a: 1 } })
        const { asked, open, reply } = yield* gatedReply("first")
        yield* script(reply)
        const all = yield* Effect.fork(
          Effect.forEach(numbered(10_000), (line) => Effect.either(session.send(line)), { concurrency: "unbounded" })
        )
        yield* asked
        yield* open
        const answers = yield* Fiber.join(all)
        const accepted = answers.filter(Either.isRight)
        assert.strictEqual(accepted.length, (yield* session.turns).length >= 50 ? accepted.length : -1)
        assert.isAtMost(accepted.length, 64)
        assert.isAtLeast(accepted.length, 64)
        assert.isTrue(answers.every((answer) => Either.isRight(answer) || answer.left._tag === "SessionBusy"))
        const { items } = yield* session.messages({ limit: 500 })
        assert.deepStrictEqual(items.map(({ seq }) => seq), items.map((_, index) => index + 1))
        assert.lengthOf(items, 128)
      }).pipe(Effect.provide(SessionRuntime.layerTest())),
    60_000
  )

  it.scoped(
    "row 53: of one send to each of 1,000 sessions is answered, and none waits for another's",
    () =>
      Effect.gen(function*() {
        const { asked, open, reply } = yield* gatedReply("slow")
        yield* script(reply)
        const slow = yield* start
        const waiting = yield* Effect.fork(slow.send("slow"))
        yield* asked
        const replies = yield* Effect.forEach(
          numbered(999),
          (line) => Effect.flatMap(start, (session) => session.send(line)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(replies.map(({ text }) => text), numbered(999).map((line) => `You said: ${line}`))
        yield* open
        assert.strictEqual((yield* Fiber.join(waiting)).text, "slow")
        assert.strictEqual((yield* Effect.flatMap(SessionHost, ({ load }) => load)).openTurns, 0)
      }).pipe(Effect.provide(SessionRuntime.layerTest())),
    60_000
  )
})
