import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { HookBus } from "../services/HookBus.js"
import type { MiddlewarePipeline } from "../services/MiddlewarePipeline.js"
import type { ProviderRegistry } from "../services/ProviderRegistry.js"
import { SessionHost } from "../services/SessionHost.js"
import type { SessionStore } from "../services/SessionStore.js"
import { failingServices } from "./internal/faults/failingServices.js"
import {
  armFromConfig,
  Failpoint,
  type FailpointControl,
  type FailpointErrors,
  makeFailpoints,
  type Pause
} from "./internal/faults/failpoints.js"

type FailingServices = HookBus | MiddlewarePipeline | ProviderRegistry | SessionStore

/**
 * Steps of a turn at which a test can kill the process, inject a failure, or pause: see `Failpoint`. They are layers around the
 * services of a runtime, so the runtime itself does not depend on them.
 *
 * An armed failpoint acts once, on its `nth` pass after being armed (default: 1). Arming it again replaces the earlier action.
 */
export class Failpoints extends Context.Tag("langswarm-session/testing/Failpoints")<Failpoints, FailpointControl>() {
  /**
   * Arms only what the environment variable `LANGSWARM_FAILPOINT` names: `point:kill` or `point:pause`, with an optional `:nth`. Use
   * it to break a process from outside; such a pause never ends. Fails with `ConfigurationError` for any other value.
   */
  static readonly layer: Layer.Layer<Failpoints, ConfigurationError> = Layer.effect(
    Failpoints,
    Effect.tap(Effect.sync(makeFailpoints), armFromConfig)
  )

  /** Wraps the given services with failpoints. A runtime over them passes all failpoints except `inDrain`. */
  static readonly layerServices: Layer.Layer<FailingServices, ConfigurationError, FailingServices | Failpoints> = Layer
    .scopedContext(Effect.flatMap(Failpoints, failingServices))

  /** Passes `inDrain` when its scope closes, which over a host is before the host stops. */
  static readonly layerDrain: Layer.Layer<never, never, Failpoints | SessionHost> = Layer.scopedDiscard(
    Effect.flatMap(
      Effect.zip(Failpoints, SessionHost),
      ([{ drain }]) => Effect.addFinalizer(() => Effect.ignore(drain))
    )
  )
}

export { Failpoint, type FailpointErrors, type Pause }
