import * as Schema from "effect/Schema"
import { ConfigurationError } from "./ConfigurationError.js"
import { DeadlineExceeded } from "./DeadlineExceeded.js"
import { MiddlewareError } from "./MiddlewareError.js"
import { ProviderError } from "./ProviderError.js"
import { TurnInterrupted } from "./TurnInterrupted.js"
import { TurnStopped } from "./TurnStopped.js"

/**
 * Why a turn ended without a reply.
 */
export const TurnError = Schema.Union(
  ConfigurationError,
  DeadlineExceeded,
  MiddlewareError,
  ProviderError,
  TurnInterrupted,
  TurnStopped
)
export type TurnError = typeof TurnError.Type
