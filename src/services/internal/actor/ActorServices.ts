import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ProviderCursor } from "../../../domain/ProviderCursor.js"
import type { HookBus } from "../../HookBus.js"
import type { IdGenerator } from "../../IdGenerator.js"
import type { MiddlewarePipeline } from "../../MiddlewarePipeline.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"
import type { SessionStore } from "../../SessionStore.js"
import type { ProviderServices } from "../provider/ProviderServices.js"
import type { ActorLimits } from "./ActorLimits.js"
import type { FeedHub } from "./FeedHub.js"

/**
 * What the actors of one host share.
 */
export interface ActorServices {
  readonly store: SessionStore["Type"]
  readonly providers: ProviderRegistry["Type"]
  readonly pipeline: MiddlewarePipeline["Type"]
  readonly hooks: HookBus["Type"]
  readonly ids: IdGenerator["Type"]
  readonly feed: FeedHub
  readonly provider: ProviderServices
  /** Has a provider remove its copy of a conversation that is over. */
  readonly forget: (cursor: ProviderCursor) => void
  readonly limits: ActorLimits
  /** Turns of all sessions that are not ended. */
  readonly openTurns: { count: number }
  /** Runs a drain of a mailbox, a turn, or a timer, in the host's scope. */
  readonly forkDrain: (drain: Effect.Effect<void>) => void
  readonly forkTurn: (turn: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  readonly forkTimer: (timer: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  /** Runs what middleware does once a turn is over. */
  readonly forkEnding: (ending: Effect.Effect<void>) => void
  /** No turn starts once this holds. */
  readonly isClosing: () => boolean
}
