import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionManager } from "../../src/services/SessionManager.js"
import { langswarmSession, run, startServer } from "./command.js"
import { connected } from "./connected.js"

const said = (...lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

describe("the command line, on a history", () => {
  it.scopedLive("forks it, rewinds it, and opens what was archived", () =>
    Effect.gen(function*() {
      const dataDir = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
      const { flags, url } = yield* startServer(dataDir)
      const langswarm = (name: string, ...args: ReadonlyArray<string>) => run(langswarmSession(name, ...flags, ...args))
      yield* connected(url, dataDir)(Effect.gen(function*() {
        const sessions = yield* SessionManager
        const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
        yield* session.send("one")
        yield* session.send("two")

        const fork = (yield* langswarm("fork", "--at", "2", "--user", "bob", session.id)).stdout.trim()
        const shown = yield* langswarm("show", fork)
        assert.match(shown.stdout, new RegExp(`^forked from +${session.id}, at message 2$`, "m"))
        assert.match(shown.stdout, /^user +bob$/m)

        const nowhere = yield* langswarm("rewind", "--to", "99", session.id)
        assert.deepStrictEqual([nowhere.exitCode, nowhere.stdout], [5, ""])
        assert.include(nowhere.stderr, "no message \"99\"")
        assert.include((yield* langswarm("rewind", "--to", "2", session.id)).stdout, "messages --rewound")
        assert.strictEqual((yield* session.info).messageCount, 2)
        assert.strictEqual(
          (yield* langswarm("messages", "--rewound", session.id)).stdout,
          said("1 user: one", "2 assistant: You said: one", "3 user: two", "4 assistant: You said: two")
        )

        yield* session.archive
        assert.strictEqual((yield* langswarm("reactivate", session.id)).stdout, "The session takes messages again.\n")
        assert.strictEqual((yield* session.send("three")).text, "You said: three")
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("says a piped file once, however often it is piped with the same key", () =>
    Effect.gen(function*() {
      const dataDir = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
      const { flags } = yield* startServer(dataDir)
      const chat = (file: string, ...args: ReadonlyArray<string>) =>
        run(langswarmSession("chat", ...flags, "--key", "file", ...args), file)
      const first = yield* chat("one\n")
      const id = /^session (\S+)$/m.exec(first.stderr)?.[1] ?? assert.fail(first.stderr)
      const second = yield* chat("one\n\ntwo\n", "--session", id)
      assert.strictEqual(second.stdout, said("You said: one", "You said: two"))
      const kept = yield* run(langswarmSession("messages", ...flags, "--role", "user", id))
      assert.strictEqual(kept.stdout, said("1 user: one", "3 user: two"))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
