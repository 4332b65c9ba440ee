import { assert, describe, it } from "@effect/vitest"
import * as Conventions from "@opentelemetry/semantic-conventions/incubating"
import { Effect } from "effect"
import { finishReason } from "../../src/layers/telemetry/internal/genAi.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { script } from "../host/scripted.js"
import { Exported, flatten } from "./Exported.js"
import { runtime, start } from "./runtime.js"

const known: ReadonlySet<unknown> = new Set(Object.values(Conventions))

describe("OpenTelemetry's conventions", () => {
  it.effect("define each gen_ai name in use", () =>
    Effect.gen(function*() {
      yield* script({
        events: [ProviderEvent.Finished({
          reason: "complete",
          messageId: "reply-1",
          metadata: { model: "model-1" },
          usage: { inputTokens: 9, outputTokens: 8, cacheReadTokens: 3, cacheWriteTokens: 2, reasoningTokens: 1 }
        })]
      }, {
        events: [
          ProviderEvent.TextDelta({ text: "Hello" }),
          ProviderEvent.Finished({
            reason: "complete",
            messageId: "reply-1",
            metadata: { model: "model-1" },
            usage: { inputTokens: 9, outputTokens: 8, cacheReadTokens: 3, cacheWriteTokens: 2, reasoningTokens: 1 }
          })
        ]
      })
      const session = yield* start("conventional")
      yield* Effect.flip(session.send("empty"))
      yield* session.send("Hello")
      const { metrics, spans } = yield* Exported
      const calls = flatten(yield* spans).filter(({ name }) => name === "chat conventional")
      const measured = yield* metrics
      const names = new Set([
        ...calls.flatMap(({ attributes }) => Object.keys(attributes)),
        ...measured.map(({ name }) => name),
        ...measured.flatMap(({ points }) => points).flatMap(({ attributes }) => Object.keys(attributes))
      ])
      const ours = [...names].filter((name) => name.startsWith("gen_ai."))
      assert.deepStrictEqual(ours.filter((name) => !known.has(name)), [])
      assert.includeMembers(ours, [
        Conventions.ATTR_GEN_AI_CONVERSATION_ID,
        Conventions.ATTR_GEN_AI_INPUT_MESSAGES,
        Conventions.ATTR_GEN_AI_OUTPUT_MESSAGES,
        Conventions.ATTR_GEN_AI_PROVIDER_NAME,
        Conventions.ATTR_GEN_AI_RESPONSE_ID,
        Conventions.ATTR_GEN_AI_RESPONSE_MODEL,
        Conventions.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
        Conventions.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        Conventions.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        Conventions.METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
        Conventions.METRIC_GEN_AI_CLIENT_TOKEN_USAGE
      ])
    }).pipe(Effect.provide(runtime({ content: true }))))

  // From gen-ai-metrics.md of the conventions; the package has only names.
  it.effect("define these boundaries", () =>
    Effect.gen(function*() {
      const session = yield* start("bounded")
      yield* session.send("Hello")
      const metrics = yield* Effect.flatMap(Exported, ({ metrics }) => metrics)
      const boundaries = (name: string) => {
        const value = metrics.find((metric) => metric.name === name)?.points[0]?.value
        return typeof value === "object" && "buckets" in value ? value.buckets.boundaries : undefined
      }
      assert.deepStrictEqual(boundaries("gen_ai.client.operation.duration"), [
        0.01,
        0.02,
        0.04,
        0.08,
        0.16,
        0.32,
        0.64,
        1.28,
        2.56,
        5.12,
        10.24,
        20.48,
        40.96,
        81.92
      ])
      assert.deepStrictEqual(boundaries("gen_ai.client.token.usage"), [
        1,
        4,
        16,
        64,
        256,
        1024,
        4096,
        16384,
        65536,
        262144,
        1048576,
        4194304,
        16777216,
        67108864
      ])
    }).pipe(Effect.provide(runtime())))

  it("define a name for each finish reason except a pause", () => {
    assert.deepStrictEqual(
      (["complete", "length", "toolCalls", "refusal", "cut", "paused"] as const).map(finishReason),
      ["stop", "length", "tool_call", "content_filter", "error", "paused"]
    )
  })
})
