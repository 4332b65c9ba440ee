import type { Pricing } from "../../Pricing.js"
import type { Instrumentation } from "../Instrumentation.js"
import type { CircuitBreakers } from "./CircuitBreakers.js"

/**
 * What all provider calls of a host share.
 */
export interface ProviderServices {
  readonly breakers: CircuitBreakers
  readonly instrumentation: Instrumentation
  readonly pricing: Pricing["Type"]
  /** How often a call that has certainly not begun is made again. */
  readonly retries: number
}
