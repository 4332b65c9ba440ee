import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { CleanupOutcome, ErasureReceipt } from "../../src/domain/Store.js"
import { run, serve } from "./inProcess.js"

const decode = <A, I>(schema: Schema.Schema<A, I>, text: string) => Schema.decode(Schema.parseJson(schema))(text)

describe("export, import, erase and cleanup", () => {
  it.live("move all sessions from one server to another without changing them", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const dir = yield* fs.makeTempDirectoryScoped()
      const from = yield* serve()
      const to = yield* serve()
      yield* from.langswarm("send", "--user", "ada", "one")
      yield* from.langswarm("send", "--user", "bob", "two")

      const file = path.join(dir, "all.jsonl")
      assert.strictEqual((yield* from.langswarm("export", "--output", file)).exitCode, 0)
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
      const imported = yield* to.langswarm("import", file)
      assert.deepStrictEqual([imported.exitCode, imported.stdout], [0, "2 imported, 0 unchanged, 0 in conflict\n"])
      assert.strictEqual((yield* to.langswarm("export")).stdout, yield* fs.readFileString(file))

      const [, id = ""] = /"id":"([^"]+)"/.exec(yield* fs.readFileString(file)) ?? []
      const document = (yield* from.langswarm("export", id)).stdout
      const again = yield* run(["import", ...to.flags, "--json", "-"], document)
      assert.deepStrictEqual(JSON.parse(again.stdout), { imported: 0, unchanged: 1, conflicts: [] })
      yield* to.langswarm("send", "--session", id, "and on")
      const conflict = yield* run(["import", ...to.flags, "-"], document)
      assert.deepStrictEqual([conflict.exitCode, conflict.stdout], [1, "0 imported, 0 unchanged, 1 in conflict\n"])
      assert.include(conflict.stderr, id)
      const bad = yield* run(["import", ...to.flags, "-"], `\n{"c4nary": 1}\n`)
      assert.strictEqual(bad.exitCode, 2)
      assert.include(bad.stderr, "line 2")
      assert.notInclude(bad.stderr, "c4nary")
      assert.match(
        (yield* from.langswarm("export", id, "--format", "markdown")).stdout,
        /^# Session [\s\S]*```text\ntwo\n```/
      )

      const unsure = yield* from.langswarm("erase", "ada")
      assert.strictEqual(unsure.exitCode, 1)
      assert.include(unsure.stderr, "--yes")
      const receipt = yield* decode(ErasureReceipt, (yield* from.langswarm("erase", "--yes", "--json", "ada")).stdout)
      assert.deepInclude(receipt, { sessions: 1, messages: 2, turns: 1 })
      const rests = yield* from.langswarm("cleanup", "--older-than", "0s", "--dry-run", "--json")
      assert.deepStrictEqual((yield* decode(CleanupOutcome, rests.stdout)).sessions.map(String), [id])
      assert.strictEqual((yield* from.langswarm("cleanup", "--older-than", "0s")).stdout, "1 session deleted\n")
      assert.strictEqual((yield* from.langswarm("export")).stdout, "")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 120_000)

  it.live("row 72: write only to new files, and never use an id as a path", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const dir = yield* fs.makeTempDirectoryScoped()
      const { flags, langswarm } = yield* serve({ dataDir: path.join(dir, "data") })
      yield* langswarm("send", "hello")
      const inDir = (name: string) => path.join(dir, name)
      yield* fs.writeFileString(inDir("taken"), "precious")
      yield* fs.symlink(inDir("nowhere"), inDir("dangling"))
      yield* fs.symlink(inDir("taken"), inDir("link"))

      for (const name of ["taken", "dangling", "link", "data"]) {
        const refused = yield* langswarm("export", "--output", inDir(name))
        assert.strictEqual(refused.exitCode, 1, name)
        assert.include(refused.stderr, "--force")
      }
      const device = yield* langswarm("export", "--output", "/dev/null")
      assert.strictEqual(device.exitCode, 1)
      assert.strictEqual(yield* fs.readFileString(inDir("taken")), "precious")
      assert.isFalse(yield* fs.exists(inDir("nowhere")))

      // The link is replaced, not followed.
      assert.strictEqual(
        (yield* langswarm("export", "--output", inDir("link"), "--force")).exitCode,
        0
      )
      assert.strictEqual(yield* fs.readFileString(inDir("taken")), "precious")
      assert.include(yield* fs.readFileString(inDir("link")), "hello")
      assert.deepStrictEqual((yield* fs.readDirectory(dir)).filter((name) => name.endsWith(".part")), [])

      const [line = ""] = (yield* fs.readFileString(inDir("link"))).split("\n")
      for (const id of ["../x", "/etc/passwd", "a/b", "..", "a\\u0000b", ""]) {
        const forged = line.replaceAll(/"(id|sessionId)":"[^"]+"/g, `"$1":"${id}"`)
        const refused = yield* run(["import", ...flags, "-"], forged)
        assert.strictEqual(refused.exitCode, 2, id)
        assert.include(refused.stderr, "session.id")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 120_000)
})
