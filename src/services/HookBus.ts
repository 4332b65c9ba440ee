import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { SessionEvent } from "../domain/SessionEvent.js"
import type { Hook } from "./Hook.js"

/**
 * Brings events to hooks, in order for each hook.
 */
export class HookBus extends Context.Tag("langswarm-session/services/HookBus")<HookBus, {
  /** Hands an event to all hooks and returns at once. */
  readonly publish: (event: SessionEvent) => Effect.Effect<void>

  /** Adds a hook until the scope closes. Fails when its name is taken. */
  readonly add: (hook: Hook) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /** Waits until every hook has seen all that was published before. */
  readonly flush: Effect.Effect<void>
}>() {}
