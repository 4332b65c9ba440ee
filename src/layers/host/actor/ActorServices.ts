import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { SessionEvent, TurnDelta } from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { HookBus } from "../../../services/HookBus.js"
import type { IdGenerator } from "../../../services/IdGenerator.js"
import type { ProviderServices } from "../../../services/internal/calls/callWithFallbacks.js"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"
import type { MiddlewarePipeline } from "../../../services/MiddlewarePipeline.js"
import type { ProviderRegistry } from "../../../services/ProviderRegistry.js"
import type { SessionDeletion, SessionStore } from "../../../services/SessionStore.js"

/**
 * Bounds of the actors of one host.
 */
export interface ActorLimits {
  /** Sends that may wait in one session, the running one included. */
  readonly mailboxCapacity: number
  /** Turns of all sessions together that may be open. */
  readonly maxOpenTurns: number
  /** Messages of the history that a provider is shown. */
  readonly historyWindow: number
  /** The same, in tokens, as `estimateTokens` counts. */
  readonly historyTokens: number
  /** No turn may take longer, whatever its sender allows. */
  readonly maxTurnTime: Duration.Duration
  /** How often what has arrived of a reply is stored. */
  readonly checkpointEvery: Duration.Duration
}

/**
 * Brings what happens in sessions to those who watch at this moment. It keeps nothing: what a watcher missed is in the
 * store. It outlives the actors, so that a watcher does not notice when one of them starts again.
 */
export interface FeedHub {
  /** Never waits: a watcher that has no room left is cut off. */
  readonly publish: (id: SessionId, events: ReadonlyArray<SessionEvent | TurnDelta>) => void
  /** There are events up to this `number`, and nobody may have been told of the last ones: watchers look in the store. */
  readonly catchUp: (id: SessionId, number: number) => void
  /** The session is gone, and so is its feed. */
  readonly end: (id: SessionId) => void
}

/**
 * What the actors of one host share.
 */
export interface ActorServices {
  readonly store: SessionStore["Type"]
  readonly providers: ProviderRegistry["Type"]
  readonly pipeline: MiddlewarePipeline["Type"]
  readonly hooks: HookBus["Type"]
  /** Has hooks told of a deletion that the store knows of. */
  readonly tellDeletion: (deletion: SessionDeletion) => Effect.Effect<void>
  readonly ids: IdGenerator["Type"]
  readonly feed: FeedHub
  readonly provider: ProviderServices
  /** Has a provider remove its copy of a conversation that is over. The fiber answers whether it did. */
  readonly forget: (cursor: ProviderCursor) => Fiber.RuntimeFiber<boolean>
  readonly instrumentation: Instrumentation
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
