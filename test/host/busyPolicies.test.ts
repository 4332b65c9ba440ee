import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { listening } from "./listening.js"
import { script, shown } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

/** A session whose first turn has replied "half" and is controlled by the test; later turns are answered at once. */
const midReply = Effect.gen(function*() {
  const session = yield* start
  const spoken = yield* spokenReply
  yield* script(spoken.reply)
  const running = yield* listening(session.stream("running"))
  yield* spoken.say("half")
  yield* running.until(({ _tag }) => _tag === "TurnDelta")
  return { ...spoken, running, session }
})

const after = (content: string, whenBusy: "interrupt" | "queue" | "reject" | "rollback" | "steer") => ({
  content,
  whenBusy
})

describe("a send while another turn runs", () => {
  it.scoped("queue: waits for its turn", () =>
    Effect.gen(function*() {
      const { finish, session } = yield* midReply
      assert.strictEqual((yield* session.submit(after("next", "queue"))).outcome, "queued")
      const last = yield* Effect.fork(session.send("last"))
      yield* finish()
      yield* Fiber.join(last)
      assert.deepStrictEqual(yield* texts(session.id), [
        "running",
        "half",
        "next",
        "You said: next",
        "last",
        "You said: last"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("reject: is refused at once, and nothing is stored", () =>
    Effect.gen(function*() {
      const { finish, running, session } = yield* midReply
      const before = yield* session.turns
      const error = yield* Effect.flip(session.send(after("now or never", "reject")))
      assert.strictEqual(error._tag, "SessionBusy")
      assert.strictEqual((yield* Effect.flip(session.submit(after("or now", "reject"))))._tag, "SessionBusy")
      assert.deepStrictEqual(yield* session.turns, before)
      yield* finish()
      yield* running.end
      assert.strictEqual((yield* session.submit(after("now", "reject"))).outcome, "started")
      assert.strictEqual((yield* session.turns).length, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("interrupt: stops the running turn, and waits behind the pending ones", () =>
    Effect.gen(function*() {
      const { closed, running, session } = yield* midReply
      yield* session.submit("waiting")
      const { outcome } = yield* session.submit(after("urgent", "interrupt"))
      assert.strictEqual(outcome, "interrupted")
      yield* closed
      assert.strictEqual((yield* Effect.flip(running.end))._tag, "TurnStopped")
      yield* session.send("last")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
        [undefined, "running"],
        ["cut", "half"],
        [undefined, "waiting"],
        ["complete", "You said: waiting"],
        [undefined, "urgent"],
        ["complete", "You said: urgent"],
        [undefined, "last"],
        ["complete", "You said: last"]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("rollback: removes question and reply from the history, where they can still be read", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("before")
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* script(reply)
      const running = yield* Effect.fork(session.send({ content: "wrong", key: "wrong" }))
      yield* asked
      assert.strictEqual((yield* session.submit(after("right", "rollback"))).outcome, "rolledBack")
      yield* closed
      assert.strictEqual((yield* Effect.flip(Fiber.join(running)))._tag, "TurnStopped")
      yield* session.send("last")
      assert.deepStrictEqual(yield* texts(session.id), [
        "before",
        "You said: before",
        "right",
        "You said: right",
        "last",
        "You said: last"
      ])
      const { items } = yield* session.messages({ rewound: true })
      assert.deepStrictEqual(items.slice(2, 4).map(({ seq, text }) => [seq, text]), [[3, "wrong"], [4, "right"]])
      const turns = yield* session.turns
      assert.deepStrictEqual(turns.map(({ promptSeq, status }) => [status, promptSeq]), [
        ["completed", 6],
        ["completed", 4],
        ["stopped", 3],
        ["completed", 1]
      ])
      assert.deepStrictEqual((yield* shown)[2], ["before", "You said: before", "right"])
      assert.strictEqual((yield* session.info).messageCount, 6)
      const again = yield* Effect.flip(session.send({ content: "wrong", key: "wrong" }))
      assert.strictEqual(again._tag, "TurnStopped")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("steer: joins the running turn before its next provider call, and ends with it", () =>
    Effect.gen(function*() {
      const { finish, running, session } = yield* midReply
      yield* script({ text: ["the rest"] })
      const steered = yield* listening(session.stream(after("and be brief", "steer")))
      const accepted = yield* steered.until(({ _tag }) => _tag === "TurnAccepted")
      assert.deepInclude(accepted, { outcome: "steered" })
      const queued = yield* Effect.fork(session.send("something else"))
      yield* Effect.yieldNow()
      yield* finish("paused")
      yield* Effect.all([running.end, steered.end, Fiber.join(queued)])
      assert.deepStrictEqual(yield* shown, [
        ["running"],
        ["running", "half", "and be brief"],
        ["running", "half", "and be brief", "the rest", "something else"]
      ])
      const completed = running.heard.at(-1)
      assert(completed?._tag === "TurnCompleted")
      assert.deepStrictEqual(steered.heard.slice(1).map((event) => [event._tag, event.turnId]), [
        ["TurnStarted", accepted.turnId],
        ["TurnDelta", accepted.turnId],
        ["TurnCompleted", accepted.turnId]
      ])
      assert.deepStrictEqual(steered.heard[2], {
        _tag: "TurnDelta",
        turnId: accepted.turnId,
        offset: 0,
        text: "the rest"
      })
      assert.deepInclude(steered.heard.at(-1), { message: completed.message })
      const [, second, first] = yield* session.turns
      assert.deepStrictEqual([second?.joined, second?.status, second?.replySeq], [first?.id, "completed", 4])
      assert.deepStrictEqual([first?.attempt, first?.replySeq], [2, 4])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("steer: becomes the next turn when there is no further call", () =>
    Effect.gen(function*() {
      const { finish, session } = yield* midReply
      yield* session.submit("before it")
      const steered = yield* Effect.fork(session.send(after("steer", "steer")))
      yield* Effect.yieldNow()
      yield* finish()
      assert.strictEqual((yield* Fiber.join(steered)).text, "You said: steer")
      assert.isTrue(
        (yield* session.turns).every(({ joined, status }) => joined === undefined && status === "completed")
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("steer: stopping a joined turn stops both", () =>
    Effect.gen(function*() {
      const { finish, running, session } = yield* midReply
      const further = yield* gatedReply("never")
      yield* script(further.reply)
      const steered = yield* listening(session.stream(after("steer", "steer")))
      const { turnId } = yield* steered.until(({ _tag }) => _tag === "TurnAccepted")
      yield* finish("paused")
      yield* further.asked
      assert.strictEqual(yield* session.stop({ turnId }), "stopped")
      assert.strictEqual((yield* Effect.flip(running.end))._tag, "TurnStopped")
      assert.strictEqual((yield* Effect.flip(steered.end))._tag, "TurnStopped")
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["stopped", "stopped"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("uses the policy of the session's configuration, unless the send has one", () =>
    Effect.gen(function*() {
      const session = yield* Effect.flatMap(
        SessionManager,
        (sessions) =>
          sessions.create({ userId: "ada", provider: "mock", model: "mock-model", config: { whenBusy: "interrupt" } })
      )
      const first = yield* gatedReply("never")
      const second = yield* gatedReply("second")
      yield* script(first.reply, second.reply)
      const running = yield* Effect.fork(session.send("one"))
      yield* first.asked
      assert.strictEqual((yield* session.submit("two")).outcome, "interrupted")
      assert.strictEqual((yield* Effect.flip(Fiber.join(running)))._tag, "TurnStopped")
      yield* second.asked
      assert.strictEqual((yield* session.submit(after("three", "queue"))).outcome, "queued")
      yield* second.open
      yield* Stream.runDrain(session.stream(after("four", "queue")))
      assert.deepStrictEqual(yield* texts(session.id), [
        "one",
        "two",
        "second",
        "three",
        "You said: three",
        "four",
        "You said: four"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("has the outcome \"started\" when there is nothing to wait for", () =>
    Effect.gen(function*() {
      const session = yield* start
      for (const policy of ["queue", "reject", "interrupt", "rollback", "steer"] as const) {
        const events = Array.from(yield* Stream.runCollect(session.stream(after(policy, policy))))
        assert.deepInclude(events[0], { _tag: "TurnAccepted", outcome: "started" })
      }
      assert.strictEqual((yield* texts(session.id)).length, 10)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
