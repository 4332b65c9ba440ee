import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { groups } from "../../src/cli/commands.js"
import { suggest } from "../../src/cli/usage.js"
import { SessionExport } from "../../src/domain/Transfer.js"
import { langswarmSession, run as runProcess } from "./command.js"
import { run, serve, start } from "./inProcess.js"

const ErrorLine = Schema.parseJson(Schema.Struct({ _tag: Schema.String, code: Schema.String }))

const commands = groups.flatMap(({ commands }) => commands.map(({ name }) => name))

const refused = (...words: ReadonlyArray<string>) =>
  Effect.map(run(words), ({ exitCode, stderr, stdout }) => {
    assert.deepStrictEqual([exitCode, stdout], [2, ""])
    return stderr
  })

const helpInTerminal = (env: Readonly<Record<string, string>>) =>
  Effect.flatMap(start(["--help"], { terminal: true, env }), ({ output }) => output)

describe("help", () => {
  it.live("lists all commands, and fits 100 columns without escape sequences", () =>
    Effect.gen(function*() {
      const { exitCode, stdout } = yield* run(["--help"])
      assert.strictEqual(exitCode, 0)
      for (const name of commands) assert.match(stdout, new RegExp(`^  ${name} +\\w`, "m"))
      assert.strictEqual((yield* run([])).stdout, stdout)
      assert.strictEqual((yield* run(["help"])).stdout, stdout)
      const pages = yield* Effect.forEach(commands, (name) => run([name, "--help"]))
      assert.deepStrictEqual(new Set(pages.map(({ exitCode }) => exitCode)), new Set([0]))
      for (const page of [stdout, ...pages.map(({ stdout }) => stdout)]) {
        assert.isAtMost(Math.max(...page.split("\n").map((line) => line.length)), 100)
        assert.notInclude(page, "\u001b")
      }
    }), 60_000)

  it.live("shows the defaults and environment variables of a command's options", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["list", "--help"])
      assert.include(stdout, "$ langswarm-session list --user ada")
      assert.match(stdout, /--limit N +Most items to print, up to 500\. Default: 50\./)
      assert.match(stdout.replaceAll(/\s+/g, " "), /Default: http:\S+\. Environment: LANGSWARM_SESSION_URL\./)
      assert.include((yield* run(["serve", "--help"])).stdout, "ANTHROPIC_API_KEY")
    }), 60_000)

  it.scopedLive("is bold on a terminal, unless NO_COLOR is set", () =>
    Effect.gen(function*() {
      assert.include((yield* helpInTerminal({})).stdout, "\u001b[1mTalk\u001b[22m")
      assert.notInclude((yield* helpInTerminal({ NO_COLOR: "1" })).stdout, "\u001b")
    }), 60_000)
})

describe("a wrong command line", () => {
  it.live("is answered with what was wrong and what was meant", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused("lst"), "error: unknown command \"lst\"; did you mean \"list\"?\n")
      assert.include(yield* refused("frobnicate"), "--help lists the commands")
      assert.include(yield* refused("--json", "list"), "options follow the command's name")
      assert.include(yield* refused("list", "--limt", "5"), "unknown option \"--limt\"; did you mean \"--limit\"?")
      assert.include(yield* refused("send", "Hello", "there"), "unexpected argument \"there\"; put quotes around")
      assert.include(yield* refused("send"), "TEXT is missing; see langswarm-session send --help")
      assert.include(yield* refused("rewind", "ID"), "--to is missing")
    }), 60_000)

  it.live("names the option of a wrong value", () =>
    Effect.gen(function*() {
      assert.include(
        yield* refused("list", "--limit", "many"),
        "--limit must be a whole number from 1 to 500 (got \"many\")"
      )
      assert.include(yield* refused("list", "--limit"), "--limit needs a value")
      assert.include(yield* refused("list", "--limit", "1", "--limit=2"), "--limit is given twice")
      assert.include(yield* refused("list", "--json=yes"), "--json takes no value")
      assert.include(yield* refused("list", "--status", "open"), "--status must be one of active, idle")
      assert.include(yield* refused("search", "--since", "March 7", "x"), "--since must be an ISO 8601 date")
      assert.include(yield* refused("serve", "--drain", "26"), "--drain must be a whole number from 0 to 25")
      assert.include(yield* refused("cleanup", "--older-than", "long"), "--older-than must be a length of time")
      assert.include(yield* refused("send", "--fallback", "nonsense", "x"), "--fallback must be PROVIDER/MODEL")
      assert.include(yield* refused("configure", "--config", "[1]", "ID"), "--config must be a JSON object")
      const nowhere = ["--url", "http://127.0.0.1:1", "--token", "any-token-will-do-here"]
      assert.include(yield* refused("export", ...nowhere, "--format", "json"), "--format json exports one session")
    }), 60_000)

  it("gets a suggestion only for a word that is close", () => {
    assert.strictEqual(suggest("mesages", commands), "did you mean \"messages\"?")
    assert.strictEqual(suggest("conf", commands), "did you mean \"configure\"?")
    assert.strictEqual(suggest("nothing-like-it", commands), "")
  })
})

describe("a command", () => {
  it.scopedLive(
    "reports an error in words, or as JSON with --json, and by its exit code",
    () =>
      Effect.gen(function*() {
        const { langswarm, url } = yield* serve()
        const unknown = yield* langswarm("messages", "no-such-session")
        assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [5, ""])
        assert.include(unknown.stderr, "no-such-session")

        const empty = yield* langswarm("send", "--json", " ")
        assert.deepStrictEqual([empty.exitCode, empty.stdout], [2, ""])
        assert.deepStrictEqual(yield* Schema.decode(ErrorLine)(empty.stderr), {
          _tag: "InvalidRequest",
          code: "invalid_request"
        })
        assert.strictEqual((yield* langswarm("list")).stdout, "", "a refused message leaves no session behind")

        const token = "not-the-token-of-this-server"
        const stranger = yield* run(["list", "--url", url, "--token", token])
        assert.strictEqual(stranger.exitCode, 4)
        assert.notInclude(stranger.stderr, token)

        const provider = yield* langswarm("send", "--provider", "unknown", "hi")
        assert.strictEqual(provider.exitCode, 2)
        assert.include(provider.stderr, "mock")
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

  it.scopedLive("finds the server by environment variables", () =>
    Effect.gen(function*() {
      const { dataDir, flags, langswarm, url } = yield* serve()
      const sent = yield* langswarm("send", "hello")
      const session = /--session (\S+)\)/.exec(sent.stderr)?.[1] ?? assert.fail(sent.stderr)
      const { stdout } = yield* run(["export", session, "--data-dir", dataDir], "", { LANGSWARM_SESSION_URL: url })
      const document = yield* Schema.decode(Schema.parseJson(SessionExport))(stdout)
      assert.deepStrictEqual(document.messages.map(({ text }) => text), ["hello", "You said: hello"])
      assert.match((yield* run(["show", ...flags, session])).stdout, /^messages +2 now, 2 in all$/m)
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.live("reports a missing token and a missing server", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("list", "--data-dir", "/nonexistent"), "--token")
      const noServer = yield* run(["list", "--url", "http://127.0.0.1:1", "--token", "any-token-will-do-here"])
      assert.strictEqual(noServer.exitCode, 3)
      assert.include(noServer.stderr, "127.0.0.1:1")
    }), 60_000)

  it.live("is shipped as a bundle that runs", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const manifest = yield* files.readFileString(new URL("../../package.json", import.meta.url).pathname)
      const { version } = yield* Schema.decode(Schema.parseJson(Schema.Struct({ version: Schema.String })))(manifest)
      const { exitCode, stderr, stdout } = yield* runProcess(langswarmSession("--version"))
      assert.deepStrictEqual([exitCode, stderr, stdout], [0, "", `${version}\n`])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})
