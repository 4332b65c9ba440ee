import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"

export interface LoggingHookOptions {
  /** `Info` unless told. */
  readonly level?: LogLevel.LogLevel
}

/**
 * A hook named `logging` that writes one line for each event: what happened and to which session, never what was said.
 */
export const make = ({ level = LogLevel.Info }: LoggingHookOptions = {}): Hook => ({
  name: "logging",
  on: ({ _tag, sessionId }) => Effect.annotateLogs(Effect.logWithLevel(level, _tag), { sessionId })
})

/**
 * Adds it to the bus. Fails when a hook named `logging` is there already.
 */
export const layer = (options?: LoggingHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(HookBus, (bus) => bus.add(make(options))))
