import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import type { SessionId } from "../../src/domain/Ids.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { startServer } from "./command.js"
import { connected } from "./connected.js"

const emptyDirectory = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

/** Sends to a new session whose provider has this delay, and waits until the turn runs. */
const turnInFlight = Effect.fnUntraced(function*(delay: string) {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "mock",
    model: "mock-model",
    config: { providerConfig: { delay } }
  })
  const started = yield* Deferred.make<void>()
  const reply = yield* session.stream("hello").pipe(
    Stream.tap(({ _tag }) => Effect.when(Deferred.succeed(started, undefined), () => _tag === "TurnStarted")),
    Stream.runLast,
    Effect.exit,
    Effect.forkScoped
  )
  yield* Deferred.await(started)
  return { id: session.id, reply }
})

const turnsOf = (id: SessionId) =>
  Effect.flatMap(SessionManager, (sessions) => Effect.flatMap(sessions.get(id), (session) => session.turns))

describe("serve, when it gets a signal", () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it.scopedLive(`drains at ${signal} and exits with 0`, () =>
      Effect.gen(function*() {
        const dataDir = yield* emptyDirectory
        const server = yield* startServer(dataDir)
        const { reply } = yield* connected(server.url, dataDir)(
          Effect.gen(function*() {
            const turn = yield* turnInFlight("500 millis")
            yield* Effect.forkScoped(server.process.kill(signal))
            yield* server.said(/^(Stopping)/m)
            return { reply: yield* Fiber.join(turn.reply) }
          })
        )
        assert(reply._tag === "Success" && reply.value._tag === "Some")
        assert.strictEqual(reply.value.value._tag, "TurnCompleted")
        assert.strictEqual(yield* server.process.exitCode, 0)
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }

  it.scopedLive("stores turns that still run after --drain as interrupted", () =>
    Effect.gen(function*() {
      const dataDir = yield* emptyDirectory
      const server = yield* startServer(dataDir, "--drain", "0")
      const { id } = yield* connected(server.url, dataDir)(
        Effect.zipLeft(turnInFlight("10 minutes"), server.process.kill("SIGTERM"))
      )
      assert.strictEqual(yield* server.process.exitCode, 0)
      const files = yield* FileSystem.FileSystem
      assert.isFalse(yield* files.exists(`${dataDir}/sessions.db-wal`), "the database is closed and needs no recovery")

      const again = yield* startServer(dataDir)
      const turns = yield* connected(again.url, dataDir)(turnsOf(id))
      assert.deepStrictEqual(turns.map(({ status }) => status), ["interrupted"])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
    it.scopedLive(`exits at once at a second signal, ${signal}`, () =>
      Effect.gen(function*() {
        const dataDir = yield* emptyDirectory
        const server = yield* startServer(dataDir)
        yield* connected(server.url, dataDir)(
          Effect.gen(function*() {
            yield* turnInFlight("10 minutes")
            yield* Effect.forkScoped(server.process.kill("SIGHUP"))
            yield* server.said(/^(Stopping)/m)
            yield* server.process.kill(signal)
          })
        )
        assert.strictEqual(Number(yield* server.process.exitCode), exitCode)
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }
})
