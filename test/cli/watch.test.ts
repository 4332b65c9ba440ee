import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { FeedEvent } from "../../src/domain/Events.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { connected } from "./connected.js"
import { serve, start } from "./inProcess.js"

const createSession = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)

describe("watch", () => {
  it.scopedLive("prints events as they happen, and the position to resume from", () =>
    Effect.gen(function*() {
      const { dataDir, flags, url } = yield* serve()
      yield* connected(url, dataDir)(Effect.gen(function*() {
        const session = yield* createSession
        const watching = yield* start(["watch", ...flags, session.id])
        // It is subscribed once it has printed an event.
        yield* watching.stdout.waitFor(/session created/)
        yield* session.send("one\ntwo")
        yield* watching.stdout.waitFor(/completed\n/)
        yield* watching.interrupt

        const { exitCode, stderr, stdout } = yield* watching.output
        assert.strictEqual(exitCode, 130)
        assert.deepStrictEqual(
          stdout.trimEnd().split("\n").map((line) => line.replace(/^ *(\d+) +\S+Z +/, "$1 ").replace(/01\S+/, "ID")),
          [
            "1 session created for ada, with mock/mock-model",
            "2 turn ID accepted",
            "3 1 user: one",
            `${" ".repeat(34)}two`,
            "4 turn ID started",
            `${" ".repeat(34)}You said: one`,
            `${" ".repeat(34)}two`,
            "5 2 assistant: as above",
            "6 turn ID completed"
          ]
        )
        assert.match(stderr, /^\(resume with: --from 6(\.\d+)?\)\n$/)
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive(
    "prints JSON lines from a position on, and ends when the session is deleted",
    () =>
      Effect.gen(function*() {
        const { dataDir, flags, url } = yield* serve()
        yield* connected(url, dataDir)(Effect.gen(function*() {
          const session = yield* createSession
          yield* session.send("one")
          const watching = yield* start(["watch", "--json", ...flags, "--from", "2", session.id])
          yield* watching.stdout.waitFor(/TurnCompleted/)
          yield* session.delete

          const { exitCode, stdout } = yield* watching.output
          const events = yield* Effect.forEach(
            stdout.trimEnd().split("\n"),
            (line) => Schema.decode(Schema.parseJson(FeedEvent))(line)
          )
          assert.deepStrictEqual(events.map(({ event, position }) => [position, event._tag]), [
            ["3", "MessageSent"],
            ["4", "TurnStarted"],
            ["5", "MessageReceived"],
            ["6", "TurnCompleted"],
            ["7", "SessionDeleted"]
          ])
          assert.strictEqual(exitCode, 0)
        }))
      }).pipe(Effect.provide(NodeContext.layer)),
    120_000
  )
})
