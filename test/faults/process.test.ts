import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import { HistoryChecker } from "../../src/testing/index.js"
import { makeLoggingClient } from "./loggingClient.js"
import { makeServerUnderTest, type StartOptions } from "./ServerUnderTest.js"

const ends = new Set<SessionEvent["_tag"]>(["TurnCompleted", "TurnFailed", "TurnStopped"])

/**
 * Sends one message to a server that is killed at a failpoint, restarts the server, waits for the end of the turn, and returns
 * the outcome. Fails when a promise is broken.
 */
const sendAcrossKill = Effect.fnUntraced(function*(options: StartOptions, ...restarts: ReadonlyArray<StartOptions>) {
  const log: Array<HistoryChecker.LogEntry> = []
  const server = yield* makeServerUnderTest
  const first = yield* server.start(options)
  const client = yield* makeLoggingClient(first.url, log)
  const session = yield* client.start
  const until = yield* client.watch(session, "watcher")
  const send = yield* Effect.fork(client.send(session, "first"))
  if (options.failpoint?.startsWith("inDrain")) {
    yield* until(({ _tag }) => _tag === "TurnStarted")
    yield* first.kill("SIGTERM")
  }
  yield* first.ended
  for (const restart of restarts) yield* Effect.exit(server.start(restart))
  const last = yield* server.start({ middleware: options.middleware ?? false })
  const outcome = yield* Fiber.join(send)
  yield* until(({ _tag }) => ends.has(_tag))
  yield* last.kill("SIGTERM")
  yield* last.ended

  const calls = yield* server.calls
  const broken = yield* Effect.provide(HistoryChecker.check([...log, ...calls]), server.store)
  assert.deepStrictEqual(broken, [])
  return { calls: calls.length, hooked: yield* server.hooked, log, outcome }
}, Effect.provide(NodeContext.layer))

const completesOnce = (options: StartOptions) =>
  Effect.map(
    sendAcrossKill(options),
    ({ calls, outcome }) => assert.deepStrictEqual([outcome, calls], ["completed", 1])
  )

// Concurrent, because each test has its own server and mostly waits for it.
describe.concurrent("a server that is killed", { timeout: 60_000 }, () => {
  it.scopedLive("row 1: before a turn is stored, stores nothing and accepts the repeated send", () =>
    completesOnce({ failpoint: "beforeAccept:kill", slowDisk: true }))

  it.scopedLive("row 2: before it acknowledges a stored turn, answers the repeated send with that turn", () =>
    completesOnce({ failpoint: "afterAccept:kill", middleware: true }))

  it.scopedLive("row 3: during admission, stores nothing and accepts the repeated send", () =>
    completesOnce({ failpoint: "inAdmission:kill" }))

  it.scopedLive("row 3: during turn middleware, runs the turn after the restart", () =>
    completesOnce({ failpoint: "inTurnMiddleware:kill", middleware: true }))

  it.scopedLive("row 4: before it calls the provider, ends the turn as interrupted without a call", () =>
    Effect.map(
      sendAcrossKill({ failpoint: "afterIntent:kill" }),
      ({ calls, outcome }) => assert.deepStrictEqual([outcome, calls], ["TurnInterrupted", 0])
    ))

  it.scopedLive("row 5: in the middle of a reply, makes no second call", () =>
    Effect.map(
      sendAcrossKill({ failpoint: "midStream:kill:3" }),
      ({ calls, outcome }) => assert.deepStrictEqual([outcome, calls], ["TurnInterrupted", 1])
    ))

  it.scopedLive("row 6: after the last token and before the reply is stored, does not report it as completed", () =>
    Effect.map(
      sendAcrossKill({ failpoint: "beforeEnd:kill", slowDisk: true }),
      ({ calls, outcome }) => assert.deepStrictEqual([outcome, calls], ["TurnInterrupted", 1])
    ))

  it.scopedLive("row 7: after the reply is stored, keeps it and still notifies hooks", () =>
    Effect.map(sendAcrossKill({ failpoint: "afterEnd:kill" }), ({ calls, hooked, outcome }) => {
      assert.deepStrictEqual([outcome, calls], ["completed", 1])
      assert.isTrue(hooked.some((line) => line.endsWith(" TurnCompleted")))
    }))

  it.scopedLive("row 8: while a hook runs, notifies the hook again", () =>
    Effect.map(sendAcrossKill({ failpoint: "inHook:kill:4" }), ({ calls, hooked, outcome }) => {
      assert.isTrue(calls <= 1 && (outcome === "completed" || outcome === "TurnInterrupted"))
      const numbers = new Set(hooked.map((line) => Number(line.split(" ")[1])))
      assert.deepStrictEqual([...numbers].toSorted((a, b) => a - b), [...numbers].map((_, index) => index + 1))
    }))

  it.scopedLive("row 8: during recovery, repeatedly, reaches the same result as one kill", () =>
    Effect.map(
      sendAcrossKill(
        { failpoint: "midStream:kill:3" },
        { failpoint: "inRecovery:kill" },
        { failpoint: "inRecovery:kill:2" },
        { failpoint: "inRecovery:kill:3" }
      ),
      ({ calls, outcome }) => assert.deepStrictEqual([outcome, calls], ["TurnInterrupted", 1])
    ))

  for (const time of [1, 2] as const) {
    it.scopedLive(`row 8: during shutdown, at step ${time}, ends the turn as it would have`, () =>
      Effect.map(sendAcrossKill({ failpoint: `inDrain:kill:${time}` }), ({ calls, outcome }) => {
        assert.strictEqual(calls, 1)
        assert.include(["completed", "TurnInterrupted"], outcome)
      }))
  }
})
