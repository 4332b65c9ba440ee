import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import { hitText, visible, visibleJson } from "../../src/cli/text.js"
import { SessionId } from "../../src/domain/Ids.js"
import { Page } from "../../src/domain/Page.js"
import { SearchHit } from "../../src/domain/Search.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { connected } from "./connected.js"
import { run, serve } from "./inProcess.js"

describe("commands for the store", () => {
  it.scopedLive("search messages, back up, optimize and migrate the database", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const { dataDir, langswarm, server, url } = yield* serve()
      const id = yield* connected(url, dataDir)(Effect.gen(function*() {
        const sessions = yield* SessionManager
        const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
        yield* session.send("The white whale")
        return session.id
      }))

      const found = yield* langswarm("search", "--user", "ada", "--role", "user", "whale")
      assert.match(found.stdout, new RegExp(`^${id} {2}\\S+ {2}1 user: The white whale\n$`))
      assert.strictEqual((yield* langswarm("search", "--user", "bob", "whale")).stderr, "Nothing found.\n")
      const first = yield* langswarm("search", "--json", "--limit", "1", "--session", id, "white")
      const { items, next } = yield* Schema.decode(Schema.parseJson(Page(SearchHit)))(first.stdout)
      assert.deepStrictEqual(items.map((hit) => hit._tag === "Message" && hit.seq), [2])
      const second = yield* langswarm("search", "--limit", "1", "--session", id, "--cursor", next ?? "", "white")
      assert.include(second.stdout, "1 user: The white whale")
      const wordless = yield* langswarm("search", "?")
      assert.deepStrictEqual([wordless.exitCode, wordless.stdout], [2, ""])
      assert.include(wordless.stderr, "must have a letter or a digit")

      assert.match(
        (yield* langswarm("backup", "monday")).stdout,
        /^Backup monday: 1 session, .* sha256 [0-9a-f]{64}\n$/
      )
      const taken = yield* langswarm("backup", "monday")
      assert.strictEqual(taken.exitCode, 2)
      assert.include(taken.stderr, "a backup named \"monday\" already exists")
      assert.strictEqual((yield* langswarm("backup")).exitCode, 0)
      assert.lengthOf(yield* files.readDirectory(`${dataDir}/sessions.db-backups`), 4)
      assert.match((yield* langswarm("optimize")).stdout, /^Size of the store: .* before, .* now\.\n$/)
      const { stdout } = yield* langswarm("stats")
      assert.match(stdout, /^sessions +1\nmessages +2\n/m)
      const health = yield* langswarm("health")
      assert.match(health.stdout, /^readiness +ready\nstore +sqlite, durability disk, 1 session, .*\n/)
      assert.match(health.stdout, /^connections +1, of them 0 without an authorised call, 0 that do not read$/m)
      assert.match(health.stdout, /^limits +connections=20000\n {16}unauthorizedConnections=512\n/m)
      assert.strictEqual(JSON.parse((yield* langswarm("health", "--json")).stdout).server.limits.streams, 16_384)
      assert.match(stdout, /^backups +\d.*, 1 session, .*\n +monday, .*$/m)

      const locked = yield* run(["migrate", "--data-dir", dataDir])
      assert.strictEqual(locked.exitCode, 1)
      assert.include(locked.stderr, "another process has the database open")
      yield* server.interrupt
      const migrated = yield* run(["migrate", "--check", "--json", "--data-dir", dataDir])
      assert.match(migrated.stdout, /^\{\s+"from": (\d+),\s+"to": \1,\s+"upToDate": true\s+\}\n$/)
      assert.include(
        (yield* run(["migrate", "--data-dir", dataDir])).stdout,
        "The database is up to date"
      )
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it("escape in JSON what a terminal would interpret, and keep the value", () => {
    const value = ["\u0085\u009b31m", "\u202e\u2066\u200f", "\u{e0001}", "é\t\n\u{1F600}"]
    const json = JSON.stringify(value, null, 2)
    assert.deepStrictEqual(JSON.parse(visibleJson(json)), value)
    assert.strictEqual(
      visibleJson(json),
      JSON.stringify(["#0085#009b31m", "#202e#2066#200f", "#db40#dc01", value[3]], null, 2).replaceAll("#", "\\u")
    )
    assert.strictEqual(visible("\u0085\u009b31m\u202e\u2066"), "\\u{85}\\u{9b}31m\\u{202e}\\u{2066}")
  })

  it("print a search hit on one line and escape its control characters", () => {
    const hit: SearchHit = {
      _tag: "Name",
      sessionId: SessionId.make("s1"),
      at: DateTime.unsafeMake(0),
      snippet: [{ text: "a\u001b[2J\nb ", match: false }, { text: "word\u202e", match: true }]
    }
    const place = "s1  1970-01-01T00:00:00.000Z  name: a\\u{1b}[2J b "
    assert.strictEqual(hitText(hit, (text) => text), `${place}word\\u{202e}`)
    assert.strictEqual(hitText(hit, (text) => `\u001b[1m${text}\u001b[22m`), `${place}\u001b[1mword\\u{202e}\u001b[22m`)
  })
})
