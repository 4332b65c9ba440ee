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
 * Brings events to hooks, in order for each hook. Each has a queue and a fiber of its own, so that none waits for another and
 * no turn waits for any. Events are frozen.
 *
 * A failed event is tried again after 100 ms, 200 ms and so on, and is then given up: whoever published it is told, and keeps
 * it as a dead letter. The error goes to the log and nowhere else; it must not quote what people said.
 */
export class HookBus extends Context.Tag("langswarm-session/services/HookBus")<HookBus, {
  /**
   * Hands an event to all hooks and returns at once, with whether all have taken it: for a hook that 1,024 events wait for
   * already it is dropped, with a warning and a count. `onDelivered` runs once every hook has seen it, or has given it up
   * after its last retry, with those that have; not when it was dropped, so that it can be handed over again.
   */
  readonly publish: (
    event: SessionEvent,
    onDelivered?: (failures: ReadonlyArray<HookFailure>) => void
  ) => Effect.Effect<boolean>

  /**
   * Tells one hook of an event, after all that waits for it, and answers once it has taken it or has given it up. Fails with
   * `ConfigurationError` when there is no hook of that name, or no more.
   */
  readonly replay: (hook: string, event: SessionEvent) => Effect.Effect<Option.Option<HookFailure>, ConfigurationError>

  /**
   * Adds a hook until the scope closes; then what waits for it is given 5 seconds. Fails when its name is taken, or is not
   * 1 to 64 characters. It is told of what happens from now on.
   */
  readonly add: (hook: Hook) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /** Whether there is any hook now. */
  readonly hasHooks: Effect.Effect<boolean>

  /** Waits until every hook has seen all that was published before. */
  readonly flush: Effect.Effect<void>
}>() {
  /** Starts with the given hooks. Fails when two have the same name. */
  static readonly layer = (...hooks: ReadonlyArray<Hook>): Layer.Layer<HookBus, ConfigurationError> =>
    Layer.scoped(HookBus, makeHookBus(hooks))
}
