import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { SessionEvent } from "../domain/Events.js"
import type { Hook, HookFailure } from "./Hook.js"
import { makeHookBus } from "./internal/hookBus.js"

/**
 * Delivers events to hooks, in order for each hook. Every hook has its own queue and fiber, so they neither wait for each other
 * nor delay a turn. Events are frozen.
 *
 * A failed event is retried after 100 ms, 200 ms and so on. When the retries are used up, the publisher is notified and keeps the
 * event as a dead letter. The hook's error goes to the log only, so it must not quote conversations.
 */
export class HookBus extends Context.Tag("langswarm-session/services/HookBus")<HookBus, {
  /**
   * Queues an event for all hooks and returns at once. Returns false if a hook already has 1,024 events waiting: for that hook
   * the event is dropped, with a warning and a metric.
   *
   * `onDelivered` runs once every hook has handled the event or failed permanently, with those failures. It does not run when
   * the event was dropped, so that the event can be published again.
   */
  readonly publish: (
    event: SessionEvent,
    onDelivered?: (failures: ReadonlyArray<HookFailure>) => void
  ) => Effect.Effect<boolean>

  /**
   * Delivers an event to one hook, after those already waiting for it. Returns the failure, if the hook failed after all
   * retries. Fails with `ConfigurationError` when there is no hook of that name, or it is removed meanwhile.
   */
  readonly replay: (hook: string, event: SessionEvent) => Effect.Effect<Option.Option<HookFailure>, ConfigurationError>

  /**
   * Adds a hook until the scope closes. It receives events published from now on; on close, waiting events have 5 seconds to be
   * handled. Fails with `ConfigurationError` when the name is taken or invalid.
   */
  readonly add: (hook: Hook) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /** Whether any hook is registered now. */
  readonly hasHooks: Effect.Effect<boolean>

  /** Waits until every hook is done with all events published before. */
  readonly flush: Effect.Effect<void>
}>() {
  /** A bus with the given hooks. Fails with `ConfigurationError` when two have the same name, or a name is invalid. */
  static readonly layer = (...hooks: ReadonlyArray<Hook>): Layer.Layer<HookBus, ConfigurationError> =>
    Layer.scoped(HookBus, makeHookBus(hooks))
}
