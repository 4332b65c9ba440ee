import type { PriceCalculation, Usage } from "@pydantic/genai-prices"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { TokenUsage } from "../../domain/Message.js"
import { Cost } from "../../domain/Turn.js"
import { decodeConfig } from "../../services/internal/config.js"
import { Pricing } from "../../services/Pricing.js"

/**
 * Prices in US dollars per million tokens, as decimal strings such as `"0.15"`.
 */
export interface GenAiModelPrices {
  readonly input: string
  readonly output: string
  /** Input that was read from the provider's cache. Default: `input`. */
  readonly cacheRead?: string
  /** Input that was written to the provider's cache. Default: `input`. */
  readonly cacheWrite?: string
}

/**
 * Options of `GenAiPricing`.
 */
export interface GenAiPricingOptions {
  /** Your own prices, by `provider/model` with the name of a registered provider, or by `model`. They override the list. */
  readonly overrides?: { readonly [model: string]: GenAiModelPrices }
}

/**
 * Prices from `overrides` and from `@pydantic/genai-prices`, as they were when that package was released. The list matches
 * models by prefix, so a cost names the entry it was taken from. Fails with a `ConfigurationError` that names the key when one
 * of `overrides` is invalid.
 */
export const layer = (options: GenAiPricingOptions = {}): Layer.Layer<Pricing, ConfigurationError> =>
  Layer.effect(
    Pricing,
    Effect.gen(function*() {
      const overrides = new Map(Object.entries((yield* decode(options)).overrides ?? {}))
      // Loaded here, since the list takes more than 100 ms to load.
      const { calcPrice } = yield* Effect.promise(() => import("@pydantic/genai-prices"))
      const lookUp = Option.liftThrowable(calcPrice)

      return {
        costOf: ({ at, model, provider, usage, vendor }) => {
          const key = [`${provider}/${model}`, model].find((key) => overrides.has(key))
          const prices = key === undefined ? undefined : overrides.get(key)
          if (key !== undefined && prices !== undefined) return toCost(toNanoUsd(prices, usage), key)

          const options = { timestamp: DateTime.toDate(at), ...(vendor !== undefined && { providerId: vendor }) }
          return lookUp(toListUsage(usage), model, options).pipe(
            Option.flatMap(Option.fromNullable),
            Option.filter((found) => hasPricesFor(found, usage)),
            Option.flatMap((found) =>
              toCost(Math.round(found.total_price * 1e9), `${found.provider.id}/${found.model.id}`)
            )
          )
        }
      }
    })
  )

const Price = Schema.compose(
  Schema.String.pipe(Schema.pattern(/^\d{1,9}(\.\d{1,9})?$/, { description: "a decimal such as \"0.15\"" })),
  Schema.BigDecimal
)
const cachePrice = Schema.optionalWith(Price, { exact: true })
const ModelPrices = Schema.Struct({ input: Price, output: Price, cacheRead: cachePrice, cacheWrite: cachePrice })
const Options = Schema.Struct({
  overrides: Schema.optionalWith(Schema.Record({ key: Schema.String, value: ModelPrices }), { exact: true })
})

const decode = decodeConfig(Options, "GenAiPricing")

/** None when the usage is inconsistent. */
const toCost = (nanoUsd: number, pricedAs: string): Option.Option<Cost> => decodeCost({ nanoUsd, pricedAs })

const decodeCost = Schema.decodeUnknownOption(Cost)

/** Both the list and we count cached tokens as input. */
const toListUsage = ({ cacheReadTokens, cacheWriteTokens, inputTokens, outputTokens }: TokenUsage): Usage => ({
  input_tokens: inputTokens,
  output_tokens: outputTokens,
  ...(cacheReadTokens !== undefined && { cache_read_tokens: cacheReadTokens }),
  ...(cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens })
})

/** Some entries of the list lack a price, and the list calculates 0 for it. */
const hasPricesFor = ({ model_price: prices }: PriceCalculation, { inputTokens, outputTokens }: TokenUsage): boolean =>
  (inputTokens === 0 || prices["input_mtok"] !== undefined) &&
  (outputTokens === 0 || prices["output_mtok"] !== undefined)

const toNanoUsd = (
  { cacheRead, cacheWrite, input, output }: typeof ModelPrices.Type,
  { cacheReadTokens = 0, cacheWriteTokens = 0, inputTokens, outputTokens }: TokenUsage
): number => {
  const uncached = inputTokens - cacheReadTokens - cacheWriteTokens
  if (uncached < 0) return Number.NaN
  const microUsd = BigDecimal.sumAll([
    times(uncached, input),
    times(cacheReadTokens, cacheRead ?? input),
    times(cacheWriteTokens, cacheWrite ?? input),
    times(outputTokens, output)
  ])
  const nanoUsd = BigDecimal.multiply(microUsd, BigDecimal.fromBigInt(1000n))
  return BigDecimal.unsafeToNumber(BigDecimal.round(nanoUsd, { scale: 0, mode: "half-from-zero" }))
}

const times = (tokens: number, price: BigDecimal.BigDecimal): BigDecimal.BigDecimal =>
  BigDecimal.multiply(BigDecimal.unsafeFromNumber(tokens), price)
