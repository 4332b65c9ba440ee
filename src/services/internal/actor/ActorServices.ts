import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { HookBus } from "../../HookBus.js"
import type { IdGenerator } from "../../IdGenerator.js"
import type { MiddlewarePipeline } from "../../MiddlewarePipeline.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"
import type { SessionStore } from "../../SessionStore.js"

/**
 * What the actors of one host share.
 */
export interface ActorServices {
  readonly store: SessionStore["Type"]
  readonly providers: ProviderRegistry["Type"]
  readonly pipeline: MiddlewarePipeline["Type"]
  readonly hooks: HookBus["Type"]
  readonly ids: IdGenerator["Type"]
  /** Sends that may wait in one session, the running one included. */
  readonly mailboxCapacity: number
  /** Messages of the history that a provider is shown. */
  readonly historyWindow: number
  /** Runs a drain of a mailbox, or a turn, in the host's scope. */
  readonly forkDrain: (drain: Effect.Effect<void>) => void
  readonly forkTurn: (turn: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  /** No turn starts once this holds. */
  readonly isClosing: () => boolean
}
