import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, makeAnthropicServer } from "../vendor/AnthropicServer.js"
import { makeChatCompletionsServer } from "../vendor/ChatCompletionsServer.js"
import { makeOpenAiServer } from "../vendor/OpenAiServer.js"
import { run, serve } from "./inProcess.js"

describe("serve with API keys in its environment", () => {
  it.scopedLive("offers those providers, and a session can change between them", () =>
    Effect.gen(function*() {
      const openAi = yield* makeOpenAiServer()
      const anthropic = yield* makeAnthropicServer()
      const chat = yield* makeChatCompletionsServer()
      const { flags, langswarm, server } = yield* serve({
        env: {
          OPENAI_API_KEY: "sk-test",
          OPENAI_BASE_URL: `${openAi.url}/v1`,
          ANTHROPIC_API_KEY: apiKey,
          ANTHROPIC_BASE_URL: anthropic.url,
          CHAT_COMPLETIONS_BASE_URL: `${chat.url}/v1`
        }
      })
      assert.strictEqual(yield* server.stdout.waitFor(/providers (.+)/), "anthropic, chat, mock, openai")

      const { stdout } = yield* langswarm("providers")
      assert.match(stdout, /^openai +can keep the conversation/m)
      assert.match(stdout, /^anthropic +is sent the history/m)

      const begun = yield* run(
        ["chat", ...flags, "--provider", "openai", "--model", "gpt-5", "--fallback", "chat/any"],
        "Hello\n"
      )
      assert.strictEqual(begun.stdout, "You said: Hello\n")
      const id = /^session (\S+)$/m.exec(begun.stderr)?.[1] ?? assert.fail(begun.stderr)
      const noModel = yield* langswarm("send", "--provider", "openai", "Hi")
      assert.deepStrictEqual([noModel.exitCode, noModel.stderr], [
        2,
        "error: --provider openai needs a --model; see langswarm-session send --help\n"
      ])

      const held = yield* langswarm("show", id)
      assert.match(held.stdout, /^kept as +conv_\S+ by openai$/m)
      assert.match(held.stdout, /^fallbacks +chat\/any$/m)
      assert.match(held.stdout, /^cost +\$0\.\d+$/m)

      const configured = yield* langswarm("configure", "--provider", "anthropic", "--model", "claude-sonnet-4-5", id)
      assert.strictEqual(configured.stdout, "anthropic/claude-sonnet-4-5 answers the session now.\n")
      const gone = yield* langswarm("send", "--session", id, "And now?")
      assert.strictEqual(gone.stdout, "You said: And now?\n")
      assert.include(anthropic.received.at(-1)?.raw ?? "", "You said: Hello")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive(
    "names the provider of a wrong key and what to do, and never prints the key",
    () =>
      Effect.gen(function*() {
        const anthropic = yield* makeAnthropicServer()
        const wrong = "sk-ant-wrong-canary-4711"
        const files = yield* FileSystem.FileSystem
        const { dataDir, langswarm } = yield* serve({
          env: { ANTHROPIC_API_KEY: wrong, ANTHROPIC_BASE_URL: anthropic.url, OPENAI_API_KEY: "" }
        })
        const send = (...args: ReadonlyArray<string>) =>
          langswarm("send", "--provider", "anthropic", "--model", "claude-sonnet-4-5", ...args, "Hi")
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
        // An empty key counts as not set.
        const listed = yield* langswarm("providers", "--json")
        assert.notInclude(listed.stdout, "openai")
      }).pipe(Effect.provide(NodeContext.layer)),
    120_000
  )

  it.scopedLive("refuses an unknown provider", () =>
    Effect.gen(function*() {
      const { langswarm } = yield* serve()
      const unknown = yield* langswarm("send", "--provider", "openai", "--model", "gpt-5", "Hi")
      assert.strictEqual(unknown.exitCode, 2)
      assert.include(unknown.stderr, "there is no provider \"openai\"; use one of: mock")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
