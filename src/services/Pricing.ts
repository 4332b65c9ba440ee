import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { TokenUsage } from "../domain/Message.js"
import type { Cost } from "../domain/Turn.js"

/**
 * A provider call to price.
 */
export interface PricedCall {
  /** Whose prices apply, such as `openai`, if that is known. */
  readonly vendor?: string
  /** The name of the registered provider. */
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  readonly at: DateTime.Utc
}

/**
 * The cost of provider calls.
 */
export class Pricing extends Context.Tag("langswarm-session/services/Pricing")<Pricing, {
  /** None when the price is not known. Never a guess, and never 0 in place of an unknown price. */
  readonly costOf: (call: PricedCall) => Option.Option<Cost>
}>() {
  /** Has no prices: every cost is unknown. */
  static readonly layerUnknown: Layer.Layer<Pricing> = Layer.succeed(Pricing, { costOf: () => Option.none() })
}
