import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { TokenUsage } from "../domain/Message.js"
import type { Cost } from "../domain/Turn.js"

/**
 * A provider call to be priced.
 */
export interface PricedCall {
  /** Whose prices hold, if that is known. */
  readonly vendor?: string
  /** The provider's name among those registered. */
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  readonly at: DateTime.Utc
}

/**
 * Knows what provider calls cost.
 */
export class Pricing extends Context.Tag("langswarm-session/services/Pricing")<Pricing, {
  /** None when the price is not known: a cost is never guessed, and never 0 for want of a price. */
  readonly costOf: (call: PricedCall) => Option.Option<Cost>
}>() {
  /** Knows no prices. */
  static readonly layerUnknown: Layer.Layer<Pricing> = Layer.succeed(Pricing, { costOf: () => Option.none() })
}
