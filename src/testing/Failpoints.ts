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
 * Named places on the way of a turn at which a test kills the process, makes a step fail, or holds it: see `Failpoint`.
 * They are in layers around the services that a runtime is given, so the runtime itself knows nothing of them.
 *
 * A failpoint that is armed acts once, on whoever passes it for the `nth` time from then on; the first unless told. Arming
 * it again replaces what it was armed with.
 */
export class Failpoints extends Context.Tag("langswarm-session/testing/Failpoints")<Failpoints, FailpointControl>() {
  /**
   * Nothing is armed but what the variable `LANGSWARM_FAILPOINT` says: `point:kill` or `point:pause`, and `:nth` if need be.
   * That is for a process that is to be broken from outside; such a pause never ends. Fails when it says anything else.
   */
  static readonly layer: Layer.Layer<Failpoints, ConfigurationError> = Layer.effect(
    Failpoints,
    Effect.tap(Effect.sync(makeFailpoints), armFromConfig)
  )

  /** Puts failpoints around the services it is given. A runtime over them passes all but `inDrain`. */
  static readonly layerServices: Layer.Layer<FailingServices, ConfigurationError, FailingServices | Failpoints> = Layer
    .scopedContext(Effect.flatMap(Failpoints, failingServices))

  /** Passes `inDrain` as its scope closes. Over a host, it is told to stop before the host is. */
  static readonly layerDrain: Layer.Layer<never, never, Failpoints | SessionHost> = Layer.scopedDiscard(
    Effect.flatMap(
      Effect.zip(Failpoints, SessionHost),
      ([{ drain }]) => Effect.addFinalizer(() => Effect.ignore(drain))
    )
  )
}

export { Failpoint, type FailpointErrors, type Pause }
