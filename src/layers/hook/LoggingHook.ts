import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { layerFromConfig } from "../../services/internal/config.js"

export interface LoggingHookOptions {
  /** Level of the log lines. Default: `Info`. */
  readonly level?: LogLevel.LogLevel
}

/**
 * A hook named `logging` that logs one line for each event, with its tag and session. It never logs the conversation.
 */
export const make = ({ level = LogLevel.Info }: LoggingHookOptions = {}): Hook => ({
  name: "logging",
  on: ({ _tag, sessionId }) => Effect.annotateLogs(Effect.logWithLevel(level, _tag), { sessionId })
})

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` when there is already a hook named `logging`.
 */
export const layer = (options?: LoggingHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(HookBus, (bus) => bus.add(make(options))))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)
