import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, makeAnthropicServer } from "../vendor/AnthropicServer.js"
import { makeChatCompletionsServer } from "../vendor/ChatCompletionsServer.js"
import { makeOpenAiServer } from "../vendor/OpenAiServer.js"
import { langswarmSession, run, startServerWith } from "./command.js"

const temporaryDirectory = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

describe("the command line, with keys of vendors in the environment", () => {
  it.scopedLive("offers those vendors, and a session goes from one to the other", () =>
    Effect.gen(function*() {
      const openAi = yield* makeOpenAiServer()
      const anthropic = yield* makeAnthropicServer()
      const chat = yield* makeChatCompletionsServer()
      const { flags, said } = yield* startServerWith(
        {
          OPENAI_API_KEY: "sk-test",
          OPENAI_BASE_URL: `${openAi.url}/v1`,
          ANTHROPIC_API_KEY: apiKey,
          ANTHROPIC_BASE_URL: anthropic.url,
          CHAT_COMPLETIONS_BASE_URL: `${chat.url}/v1`
        },
        yield* temporaryDirectory
      )
      assert.strictEqual(yield* said(/providers (.+)/), "anthropic, chat, mock, openai")
      const langswarm = (name: string, ...args: ReadonlyArray<string>) => run(langswarmSession(name, ...flags, ...args))

      const { stdout } = yield* langswarm("providers")
      assert.match(stdout, /^openai +may hold the conversation/m)
      assert.match(stdout, /^anthropic +is sent the history/m)

      const begun = yield* run(
        langswarmSession("chat", ...flags, "--provider", "openai", "--model", "gpt-5", "--fallback", "chat/any"),
        "Hello\n"
      )
      assert.strictEqual(begun.stdout, "You said: Hello\n")
      const id = /^session (\S+)$/m.exec(begun.stderr)?.[1] ?? assert.fail(begun.stderr)
      const noModel = yield* langswarm("send", "--provider", "openai", "Hi")
      assert.deepStrictEqual([noModel.exitCode, noModel.stderr], [2, "error: --provider openai needs a --model\n"])

      const held = yield* langswarm("show", id)
      assert.match(held.stdout, /^held as +conv_\S+ by openai$/m)
      assert.match(held.stdout, /^fallbacks +chat\/any$/m)
      assert.match(held.stdout, /^cost +\$0\.\d+$/m)

      const configured = yield* langswarm("configure", "--provider", "anthropic", "--model", "claude-sonnet-4-5", id)
      assert.strictEqual(configured.stdout, "The session is answered by anthropic/claude-sonnet-4-5.\n")
      const gone = yield* langswarm("send", "--session", id, "And now?")
      assert.strictEqual(gone.stdout, "You said: And now?\n")
      assert.include(anthropic.received.at(-1)?.raw ?? "", "You said: Hello")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("says of a wrong key whose it is and what to do, and never shows it", () =>
    Effect.gen(function*() {
      const anthropic = yield* makeAnthropicServer()
      const wrong = "sk-ant-wrong-canary-4711"
      const files = yield* FileSystem.FileSystem
      const dataDir = yield* temporaryDirectory
      const { flags } = yield* startServerWith(
        { ANTHROPIC_API_KEY: wrong, ANTHROPIC_BASE_URL: anthropic.url, OPENAI_API_KEY: "" },
        dataDir
      )
      const send = (...args: ReadonlyArray<string>) =>
        run(
          langswarmSession("send", ...flags, "--provider", "anthropic", "--model", "claude-sonnet-4-5", ...args, "Hi")
        )
      const refused = yield* send()
      assert.strictEqual(refused.exitCode, 1)
      assert.match(refused.stderr, /^error: anthropic refused the credentials; check its API key: HTTP 401/m)
      const asJson = yield* send("--json")
      assert.include(asJson.stderr, "\"code\":\"provider_auth\"")
      const stored = yield* Effect.forEach(
        (yield* files.readDirectory(dataDir)).filter((name) => !name.endsWith("-owner")),
        (name) => files.readFile(`${dataDir}/${name}`)
      )
      for (
        const sink of [
          refused.stderr,
          asJson.stderr,
          ...stored.map((bytes) => Buffer.from(bytes).toString("latin1"))
        ]
      ) {
        assert.notInclude(sink, "wrong-canary")
      }
      // A key that is set to nothing is none.
      const listed = yield* run(langswarmSession("providers", ...flags, "--json"))
      assert.notInclude(listed.stdout, "openai")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("says what is missing or wrong in an option", () =>
    Effect.gen(function*() {
      const { flags } = yield* startServerWith({}, yield* temporaryDirectory)
      const langswarm = (name: string, ...args: ReadonlyArray<string>) => run(langswarmSession(name, ...flags, ...args))
      const nobody = yield* langswarm("send", "--provider", "openai", "--model", "gpt-5", "Hi")
      assert.strictEqual(nobody.exitCode, 2)
      assert.include(nobody.stderr, "there is no provider \"openai\"; use one of: mock")
      const fallback = yield* langswarm("send", "--fallback", "nonsense", "Hi")
      assert.strictEqual(fallback.exitCode, 2)
      assert.include(fallback.stderr + fallback.stdout, "--fallback must be PROVIDER/MODEL")
      const config = yield* langswarm("configure", "--config", "[1]", "some-session")
      assert.strictEqual(config.exitCode, 2)
      assert.include(config.stderr + config.stdout, "--config must be a JSON object")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
