import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import { DateTime, Effect, Layer } from "effect"
import type { TokenUsage } from "../../src/domain/Message.js"
import * as GenAiPricing from "../../src/layers/pricing/GenAiPricing.js"
import { type PricedCall, Pricing } from "../../src/services/Pricing.js"

const at = DateTime.unsafeMake("2026-11-01T00:00:00Z")
const some: TokenUsage = { inputTokens: 1000, outputTokens: 100 }
const cached: TokenUsage = { ...some, cacheReadTokens: 400, cacheWriteTokens: 100 }

const costOf = (call: Partial<PricedCall>, overrides?: GenAiPricing.GenAiPricingOptions["overrides"]) =>
  Effect.map(Pricing, (pricing) => pricing.costOf({ provider: "some", model: "gpt-4o-mini", usage: some, at, ...call }))
    .pipe(
      Effect.provide(GenAiPricing.layer(overrides && { overrides }))
    )

const ownCost = (usage: TokenUsage, input: string, output: string) =>
  costOf({ model: "own", usage }, { own: { input, output } })

describe("GenAiPricing", () => {
  it.effect("prices cache reads and writes as each vendor does", () =>
    Effect.gen(function*() {
      // 500 at 4 dollars a million, 400 at 0.40, 100 at 5, and 100 at 20.
      assertSome(yield* costOf({ vendor: "openai", model: "gpt-5.6-sol", usage: cached }), {
        nanoUsd: 2_000_000 + 160_000 + 500_000 + 2_000_000,
        pricedAs: "openai/gpt-5.6-sol"
      })
      // The same, but 400 at 0.20.
      assertSome(yield* costOf({ vendor: "anthropic", model: "claude-opus-5-5", usage: cached }), {
        nanoUsd: 2_000_000 + 80_000 + 500_000 + 2_000_000,
        pricedAs: "anthropic/claude-opus-5-5"
      })
    }))

  it.effect("rounds the list's floats to whole nano-dollars", () =>
    Effect.gen(function*() {
      assertSome(yield* costOf({}), { nanoUsd: 210_000, pricedAs: "openai/gpt-4o-mini" })
      assertSome(yield* costOf({ model: "o4-mini" }), { nanoUsd: 1_540_000, pricedAs: "openai/o4-mini" })
      assertSome(yield* costOf({ usage: { inputTokens: 0, outputTokens: 0 } }), {
        nanoUsd: 0,
        pricedAs: "openai/gpt-4o-mini"
      })
    }))

  it.effect("names the entry that a model was matched with by its prefix", () =>
    Effect.gen(function*() {
      assertSome(yield* costOf({ model: "claude-sonnet-5-5" }), {
        nanoUsd: 3_000_000,
        pricedAs: "anthropic/claude-sonnet-5"
      })
    }))

  it.effect("uses the prices of the time of the call", () =>
    Effect.gen(function*() {
      const call = { vendor: "openai", model: "o3" }
      assertSome(yield* costOf({ ...call, at: DateTime.unsafeMake("2025-06-01T00:00:00Z") }), {
        nanoUsd: 14_000_000,
        pricedAs: "openai/o3"
      })
      assertSome(yield* costOf(call), { nanoUsd: 2_800_000, pricedAs: "openai/o3" })
    }))

  it.effect.each<[string, Partial<PricedCall>]>([
    ["a model that is not in the list", { model: "llama3.2:3b" }],
    ["a vendor that is not in the list", { vendor: "unknown" }],
    ["another vendor's model", { vendor: "anthropic" }],
    ["a model that is listed without prices", { vendor: "google", model: "gemma-3" }],
    ["a reply where only input has a price", { vendor: "openai", model: "text-embedding-3-small" }],
    ["more cached tokens than there are", { usage: { ...some, cacheReadTokens: 1001 } }]
  ])("does not know what %s costs", ([, call]) =>
    Effect.gen(function*() {
      assertNone(yield* costOf(call))
    }))

  describe("overrides", () => {
    it.effect("are preferred to the list, and those of the provider to those of the model", () =>
      Effect.gen(function*() {
        const overrides = {
          "gpt-4o-mini": { input: "1", output: "2" },
          "mine/gpt-4o-mini": { input: "3", output: "4" }
        }
        assertSome(yield* costOf({ vendor: "openai" }, overrides), { nanoUsd: 1_200_000, pricedAs: "gpt-4o-mini" })
        assertSome(yield* costOf({ provider: "mine" }, overrides), { nanoUsd: 3_400_000, pricedAs: "mine/gpt-4o-mini" })
        assertSome(yield* costOf({ model: "o4-mini" }, overrides), { nanoUsd: 1_540_000, pricedAs: "openai/o4-mini" })
      }))

    it.effect("match whole names only, even those of object members", () =>
      Effect.gen(function*() {
        const overrides = { own: { input: "1", output: "1" } }
        for (const model of ["own-2", "ow", "constructor", "toString"]) assertNone(yield* costOf({ model }, overrides))
      }))

    it.effect("are exact where floats are not", () =>
      Effect.gen(function*() {
        // As floats, 2.0035 * 1000 is 2003.4999999999998.
        assertSome(yield* ownCost({ inputTokens: 1, outputTokens: 1 }, "0.1", "0.2"), { nanoUsd: 300, pricedAs: "own" })
        assertSome(yield* ownCost({ inputTokens: 1, outputTokens: 0 }, "1.0005", "0"), {
          nanoUsd: 1001,
          pricedAs: "own"
        })
        assertSome(yield* ownCost({ inputTokens: 3, outputTokens: 0 }, "0.0000001", "0"), {
          nanoUsd: 0,
          pricedAs: "own"
        })
        assertSome(yield* ownCost({ inputTokens: 1_000_000_000, outputTokens: 1 }, "0.000000001", "0.001"), {
          nanoUsd: 1001,
          pricedAs: "own"
        })
      }))

    it.effect("price cache reads and writes, by default as input", () =>
      Effect.gen(function*() {
        const own = { input: "10", output: "0" }
        const told = { ...own, cacheRead: "1", cacheWrite: "12.5" }
        assertSome(yield* costOf({ model: "own", usage: cached }, { own }), { nanoUsd: 10_000_000, pricedAs: "own" })
        assertSome(yield* costOf({ model: "own", usage: cached }, { own: told }), {
          nanoUsd: 5_000_000 + 400_000 + 1_250_000,
          pricedAs: "own"
        })
        assertNone(yield* costOf({ model: "own", usage: { ...cached, cacheReadTokens: 901 } }, { own }))
      }))

    it.effect.each(["", "-1", "1e3", "free", ".5", "1,5", "Infinity", " 1", "1.0000000001"])(
      "refuse %j as a price, and name the key",
      (input) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(costOf({}, { "mine/own": { input, output: "1" } }))
          assert.strictEqual(error._tag, "ConfigurationError")
          assert.include(error.message, "GenAiPricing: \"overrides.mine/own.input\" must be a decimal such as \"0.15\"")
        })
    )

    it.effect("refuse an entry that lacks a price", () =>
      Effect.gen(function*() {
        const overrides = JSON.parse("{\"own\":{\"input\":\"1\"}}")
        const error = yield* Effect.flip(Effect.scoped(Layer.build(GenAiPricing.layer({ overrides }))))
        assert.include(error.message, "overrides.own.output")
      }))
  })
})
