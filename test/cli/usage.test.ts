import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SessionExport } from "../../src/domain/Transfer.js"
import { langswarmSession, run, startServer } from "./command.js"

const ErrorLine = Schema.parseJson(Schema.Struct({ _tag: Schema.String, code: Schema.String }))

const refused = (...args: ReadonlyArray<string>) => run(langswarmSession(...args))

describe("the command line's answers", () => {
  it.live("tells a person what to do, and a program by exit code and JSON", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { flags, url } = yield* startServer(yield* fs.makeTempDirectoryScoped())
      const unknown = yield* refused("messages", ...flags, "no-such-session")
      assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [5, ""])
      assert.include(unknown.stderr, "no-such-session")

      const empty = yield* refused("send", "--json", ...flags, " ")
      assert.deepStrictEqual([empty.exitCode, empty.stdout], [2, ""])
      assert.deepStrictEqual(yield* Schema.decode(ErrorLine)(empty.stderr), {
        _tag: "InvalidRequest",
        code: "invalid_request"
      })
      assert.strictEqual((yield* refused("list", ...flags)).stdout, "", "a refused message leaves no session behind")

      const token = "not-the-token-of-this-server"
      const stranger = yield* refused("list", "--url", url, "--token", token)
      assert.strictEqual(stranger.exitCode, 4)
      assert.notInclude(stranger.stderr, token)

      const provider = yield* refused("send", ...flags, "--provider", "nobody", "hi")
      assert.strictEqual(provider.exitCode, 2)
      assert.include(provider.stderr, "use one of: mock")

      const sent = yield* refused("send", ...flags, "hello")
      const session = /--session (\S+)\)/.exec(sent.stderr)?.[1] ?? assert.fail(sent.stderr)
      const exported = yield* refused("export", ...flags, session)
      const document = yield* Schema.decode(Schema.parseJson(SessionExport))(exported.stdout)
      assert.deepStrictEqual(document.messages.map(({ text }) => text), ["hello", "You said: hello"])
      const shown = yield* refused("show", ...flags, session)
      assert.match(shown.stdout, /^messages +2 now, 2 in all$/m)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 60_000)

  it.live("says that no server is there, and how to name its token", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const empty = yield* fs.makeTempDirectoryScoped()
      const noToken = yield* run(langswarmSession("list", "--data-dir", empty))
      assert.strictEqual(noToken.exitCode, 2)
      assert.include(noToken.stderr, "--token")
      const noServer = yield* run(
        langswarmSession("list", "--url", "http://127.0.0.1:1", "--token", "any-token-will-do-here")
      )
      assert.strictEqual(noServer.exitCode, 3)
      assert.include(noServer.stderr, "127.0.0.1:1")
      const usage = yield* run(langswarmSession("list", "--limit", "many"))
      assert.strictEqual(usage.exitCode, 2)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 60_000)

  it.live("knows its version", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const manifest = yield* fs.readFileString(new URL("../../package.json", import.meta.url).pathname)
      const { version } = yield* Schema.decode(Schema.parseJson(Schema.Struct({ version: Schema.String })))(manifest)
      assert.strictEqual((yield* run(langswarmSession("--version"))).stdout.trim(), version)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 60_000)
})
