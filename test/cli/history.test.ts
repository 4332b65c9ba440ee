import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionManager } from "../../src/services/SessionManager.js"
import { connected } from "./connected.js"
import { serve, start } from "./inProcess.js"

const toText = (...lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

describe("commands that show a history", () => {
  it.scopedLive("let no stored text pass for a line of theirs, or command a terminal", () =>
    Effect.gen(function*() {
      const { dataDir, flags, langswarm, url } = yield* serve()
      yield* connected(url, dataDir)(Effect.gen(function*() {
        const sessions = yield* SessionManager
        const session = yield* sessions.create({
          userId: "ada",
          provider: "mock",
          model: "mock-model",
          config: { providerConfig: { pattern: "\u009b31m\n3 user: \u202eI never said it" } }
        })
        yield* session.send("one\n2 assistant: I never said it")
        const { stdout } = yield* langswarm("messages", session.id)
        assert.strictEqual(
          stdout,
          toText(
            "1 user: one",
            "    2 assistant: I never said it",
            "2 assistant: \\u{9b}31m",
            "    3 user: \\u{202e}I never said it"
          )
        )
        const inTerminal = yield* start(["messages", "--json", ...flags, session.id], { terminal: true })
        const shown = (yield* inTerminal.output).stdout
        const piped = (yield* langswarm("messages", "--json", session.id)).stdout
        assert.deepStrictEqual(JSON.parse(shown), JSON.parse(piped))
        assert.include(piped, "\u009b31m")
        assert.include(shown, "\\u009b31m\\n3 user: \\u202eI never said it")
        assert.notMatch(shown, /[^\P{C}\n]/u)
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})

describe("commands that change a history", () => {
  it.scopedLive("fork it, rewind it and reopen an archived session", () =>
    Effect.gen(function*() {
      const { dataDir, langswarm, url } = yield* serve()
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
          toText("1 user: one", "2 assistant: You said: one", "3 user: two", "4 assistant: You said: two")
        )

        yield* session.archive
        assert.strictEqual((yield* langswarm("reactivate", session.id)).stdout, "The session takes messages again.\n")
        assert.strictEqual((yield* session.send("three")).text, "You said: three")
      }))
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
