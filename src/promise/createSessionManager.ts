import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as LoggingHook from "../layers/hook/LoggingHook.js"
import * as LoggingMiddleware from "../layers/middleware/LoggingMiddleware.js"
import * as GenAiPricing from "../layers/pricing/GenAiPricing.js"
import * as SessionRuntime from "../layers/SessionRuntime.js"
import { HookBus } from "../services/HookBus.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { MiddlewarePipeline } from "../services/MiddlewarePipeline.js"
import { openSessionManager } from "../services/promise/internal/openSessionManager.js"
import type { PromiseSessionManager } from "../services/promise/PromiseSessionManager.js"
import { defineHook } from "./defineHook.js"
import { defineMiddleware } from "./defineMiddleware.js"
import { providersOf } from "./internal/providersOf.js"
import { storeOf } from "./internal/storeOf.js"
import type { SessionManagerOptions } from "./SessionManagerOptions.js"

const logs = {
  development: Layer.merge(Logger.pretty, Logger.minimumLogLevel(LogLevel.Debug)),
  production: Layer.merge(Logger.json, Logger.minimumLogLevel(LogLevel.Info))
}

/**
 * Makes a manager in this process. Rejects with `ConfigurationError` when an option is wrong, and with `StoreError` when the
 * store cannot be opened. `close` it in the end.
 *
 * `drainTimeout`, 20 seconds unless told, is how long `close` takes at most: half of it is for calls, half for turns that
 * nobody waits for.
 */
export const createSessionManager = (options: SessionManagerOptions = {}): Promise<PromiseSessionManager> => {
  const { drainTimeout = "20 seconds", hooks = [], middleware = [], preset, pricing, ...limits } = options
  const half = Duration.times(drainTimeout, 0.5)
  const level = LogLevel.Debug
  const observers = preset === "development"
    ? { middleware: [LoggingMiddleware.make({ level })], hooks: [LoggingHook.make({ level })] }
    : { middleware: [], hooks: [] }

  const layer = SessionRuntime.layer({ ...limits, drainTimeout: half }).pipe(
    Layer.provide([
      storeOf(options),
      providersOf(options),
      IdGenerator.layer,
      GenAiPricing.layer(pricing),
      MiddlewarePipeline.layer(...observers.middleware, ...middleware.map(defineMiddleware)),
      HookBus.layer(...observers.hooks, ...hooks.map(defineHook))
    ]),
    Layer.provideMerge(preset === undefined ? Layer.empty : logs[preset])
  )
  return openSessionManager(layer, half)
}
