import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Stream } from "effect"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { Exported, named } from "./Exported.js"
import { runtime } from "./runtime.js"

const said = "canary-said"
const replied = "canary-replied"
const known = "canary-known"
const key = "canary-key"

/** All content of a session, including a defect that quotes it. */
const conversation = Effect.gen(function*() {
  const registry = yield* ProviderRegistry
  const pipeline = yield* MiddlewarePipeline
  const calls = yield* Deferred.make<void>()
  yield* pipeline.add({
    name: "breaks",
    policy: "optional",
    turn: (request) => Effect.dieMessage(JSON.stringify(request.messages))
  })
  yield* registry.register({
    name: "talkative",
    capabilities: { conversation: "stateless", images: [], files: [], tools: false },
    open: ({ config }) =>
      Effect.succeed({
        respond: ({ messages }) =>
          Stream.unwrap(Effect.map(Deferred.succeed(calls, undefined), (isFirst) =>
            isFirst
              ? Stream.make(
                ProviderEvent.TextDelta({ text: replied }),
                ProviderEvent.Opaque({
                  part: { _tag: "Opaque", provider: "talkative", kind: "thinking", data: "{}", text: "canary-thought" }
                }),
                ProviderEvent.Finished({ reason: "complete", metadata: { model: "talkative-1" }, messageId: "reply-1" })
              )
              : Stream.die(new Error(`${JSON.stringify(config)} ${messages.at(-1)?.text}`))))
      })
  })
  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "talkative",
    model: "talkative",
    config: { providerConfig: { apiKey: key, maxTokens: 99, temperature: 0.5, system: known } },
    context: { user: { secret: known } }
  })
  yield* session.send({ content: said, metadata: { note: known } })
  assert.isTrue(Exit.isFailure(yield* Effect.exit(session.send(said))))
})

const everything = Effect.flatMap(
  Exported,
  ({ metrics, spans }) => Effect.map(Effect.zip(spans, metrics), (all) => JSON.stringify(all))
)

describe("content", () => {
  it.scoped("row 80: reaches no exporter by default", () =>
    Effect.gen(function*() {
      yield* conversation
      const all = yield* everything
      // Proves that spans and metrics exist at all.
      assert.include(all, "chat talkative")
      assert.include(all, "gen_ai.client.operation.duration")
      assert.notInclude(all, "canary")
    }).pipe(Effect.provide(runtime())))

  it.scoped("is in the span of its provider call with content: true, text only", () =>
    Effect.gen(function*() {
      yield* conversation
      const [answered, broken] = yield* named("chat talkative")
      assert.deepStrictEqual(
        JSON.parse(String(answered?.attributes["gen_ai.input.messages"])),
        [{ role: "user", parts: [{ type: "text", content: said }] }]
      )
      assert.deepStrictEqual(
        JSON.parse(String(answered?.attributes["gen_ai.output.messages"])),
        [{ role: "assistant", parts: [{ type: "text", content: replied }], finish_reason: "stop" }]
      )
      assert.deepStrictEqual(
        JSON.parse(String(broken?.attributes["gen_ai.output.messages"])),
        [{ role: "assistant", parts: [], finish_reason: "error" }]
      )
      const all = yield* everything
      for (const secret of [known, key, "canary-thought"]) assert.notInclude(all, secret)
    }).pipe(Effect.provide(runtime({ content: true }))))

  it.scoped("does not include parameters of a call or the name of the responding model, which are exported", () =>
    Effect.gen(function*() {
      yield* conversation
      const [answered, broken] = yield* named("chat talkative")
      assert.include(answered?.attributes, {
        "gen_ai.request.max_tokens": 99,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "talkative-1",
        "gen_ai.response.id": "reply-1"
      })
      assert.deepStrictEqual(broken?.attributes["error.type"], "provider_protocol")
    }).pipe(Effect.provide(runtime())))
})
