import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { FeedEvent } from "../../src/domain/Events.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { langswarmSession, startServer } from "./command.js"
import { connected } from "./connected.js"

const linesOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.splitLines(Stream.decodeText(bytes))

describe("watch", () => {
  it.scopedLive("shows what happens, and goes on from where it was left", () =>
    Effect.gen(function*() {
      const dataDir = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
      const { flags, url } = yield* startServer(dataDir)
      yield* connected(url, dataDir)(Effect.gen(function*() {
        const session = yield* Effect.flatMap(SessionManager, (sessions) =>
          sessions.create({ userId: "ada", provider: "mock", model: "mock-model" }))

        const watching = yield* Command.start(langswarmSession("watch", ...flags, session.id))
        const seen = yield* linesOf(watching.stdout).pipe(
          // It has begun to listen once it has printed something.
          Stream.tap((line) =>
            Effect.when(session.send("one\ntwo"), () => line.includes("session created"))
          ),
          Stream.tap((line) =>
            Effect.when(Effect.forkScoped(watching.kill("SIGINT")), () => line.endsWith("completed"))
          ),
          Stream.runCollect
        )
        const farewell = yield* Stream.mkString(Stream.decodeText(watching.stderr))
        assert.strictEqual(yield* watching.exitCode, 130)
        assert.deepStrictEqual(
          Array.from(seen, (line) => line.replace(/^ *(\d+) +\S+Z +/, "$1 ").replace(/01\S+/, "ID")),
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
        assert.match(farewell, /^\(go on with: --from 6(\.\d+)?\)\n$/)
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("prints one event a line for programs, and ends with the session", () =>
    Effect.gen(function*() {
      const dataDir = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
      const { flags, url } = yield* startServer(dataDir)
      yield* connected(url, dataDir)(Effect.gen(function*() {
        const session = yield* Effect.flatMap(SessionManager, (sessions) =>
          sessions.create({ userId: "ada", provider: "mock", model: "mock-model" }))
        yield* session.send("one")
        const watching = yield* Command.start(langswarmSession("watch", "--json", ...flags, "--from", "2", session.id))
        const seen = yield* linesOf(watching.stdout).pipe(
          Stream.mapEffect(Schema.decode(Schema.parseJson(FeedEvent))),
          Stream.tap(({ event }) =>
            Effect.when(session.delete, () => event._tag === "TurnCompleted")
          ),
          Stream.runCollect
        )
        assert.deepStrictEqual(Chunk.toReadonlyArray(seen).map(({ event, position }) => [position, event._tag]), [
          ["3", "MessageSent"],
          ["4", "TurnStarted"],
          ["5", "MessageReceived"],
          ["6", "TurnCompleted"],
          ["7", "SessionDeleted"]
        ])
        assert.strictEqual(yield* watching.exitCode, 0)
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
