import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { SessionManager } from "../../SessionManager.js"
import type { PromiseSessionManager } from "../PromiseSessionManager.js"
import { errorOf } from "./errorOf.js"
import { makeCalls } from "./makeCalls.js"
import { promised } from "./promised.js"

/**
 * Builds a layer, and puts its manager into promises. Closing it waits for calls for as long as `drainTimeout` says.
 */
export const openSessionManager = async <E>(
  layer: Layer.Layer<SessionManager, E>,
  drainTimeout: Duration.DurationInput
): Promise<PromiseSessionManager> => {
  const managed = ManagedRuntime.make(layer)
  const opened = await Effect.runPromiseExit(managed.runtimeEffect)
  if (Exit.isFailure(opened)) {
    const error = await Effect.runPromise(errorOf(opened.cause))
    await managed.dispose()
    throw error
  }
  const calls = makeCalls(opened.value)
  const sessions = managed.runSync(SessionManager)
  let closed: Promise<void> | undefined
  const close = () =>
    closed ??= Effect.runPromise(
      calls.drain(drainTimeout).pipe(
        Effect.andThen(managed.disposeEffect),
        Effect.andThen(calls.interruptAll)
      )
    )
  return { ...promised(calls, sessions), close, [Symbol.asyncDispose]: close }
}
