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
 * Services shared by all actors of a host.
 */
export interface ActorServices {
  readonly store: SessionStore["Type"]
  readonly providers: ProviderRegistry["Type"]
  readonly pipeline: MiddlewarePipeline["Type"]
  readonly hooks: HookBus["Type"]
  /** Publishes a deletion, recorded in the store, to hooks. */
  readonly publishDeletion: (deletion: SessionDeletion) => Effect.Effect<void>
  readonly ids: IdGenerator["Type"]
  readonly feed: FeedHub
  readonly provider: ProviderServices
  /**
   * Deletes a provider's copy of a conversation. The fiber's result tells whether there was a copy and it was deleted.
   */
  readonly forget: (cursor: ProviderCursor) => Fiber.RuntimeFiber<boolean>
  readonly instrumentation: Instrumentation
  readonly limits: ActorLimits
  /** What all sessions of the host share: how many turns are open, and whether it is shutting down, so that none starts. */
  readonly host: HostState
  /** Each runs an effect in the host's scope: a drain of a command queue, a turn, a timer. */
  readonly forkDrain: (drain: Effect.Effect<void>) => void
  readonly forkTurn: (turn: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  readonly forkTimer: (timer: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  /** Runs the `ended` stage of middleware. */
  readonly forkEnding: (ending: Effect.Effect<void>) => void
}

/**
 * State of a host, which its actors change.
 */
export interface HostState {
  openTurns: number
  isClosing: boolean
  /** Turns of an earlier owner: those that continued, those whose provider call was lost, and those past their deadline. */
  readonly recovered: { resumed: number; interrupted: number; overdue: number }
}

/**
 * Limits of the actors of a host.
 */
export interface ActorLimits {
  /** Sends that may wait in one session, the running turn included. */
  readonly mailboxCapacity: number
  /** Turns that may be open across all sessions. */
  readonly maxOpenTurns: number
  /** Messages of the history sent to a provider. */
  readonly historyWindow: number
  /** Tokens of the history sent to a provider, as `estimateTokens` counts them. */
  readonly historyTokens: number
  /** Upper bound for a turn's duration, whatever timeout it was sent with. */
  readonly maxTurnTime: Duration.Duration
  /** How often the text of a partial reply is stored. */
  readonly checkpointEvery: Duration.Duration
}

/**
 * Delivers events to the current watchers of a session. It buffers nothing for later: missed events are in the store.
 * It outlives the actors, so that a watcher does not notice when one of them restarts.
 */
export interface FeedHub {
  /** Never blocks: a watcher whose buffer is full is disconnected. */
  readonly publish: (id: SessionId, events: ReadonlyArray<SessionEvent | TurnDelta>) => void
  /**
   * Tells watchers to read the events up to this `number` from the store: the last ones may not have been published.
   */
  readonly catchUp: (id: SessionId, number: number) => void
  /** Ends the feed of a deleted session. */
  readonly end: (id: SessionId) => void
}
