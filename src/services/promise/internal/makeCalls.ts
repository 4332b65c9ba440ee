// A promise may reject with anything: its type has no room for errors.
// @effect-diagnostics anyUnknownInErrorContext:off
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Runtime from "effect/Runtime"
import { ShuttingDown } from "../../../domain/error/ShuttingDown.js"
import { errorOf } from "./errorOf.js"

/**
 * The calls of one manager.
 */
export interface Calls {
  /** Rejects with the error itself, or with the signal's reason. */
  readonly run: <A>(effect: Effect.Effect<A, unknown>, signal?: AbortSignal) => Promise<A>
  /** The same for a step of a stream, which may go on being read while others are waited for. */
  readonly step: Calls["run"]
  /** Takes no more, and waits until those that run are through, for `limit` at most. Steps are not waited for. */
  readonly drain: (limit: Duration.DurationInput) => Effect.Effect<void>
  /** Ends those that are left. */
  readonly interruptAll: Effect.Effect<void>
}

/**
 * Makes the calls of a manager that lives in `runtime`.
 */
export const makeCalls = (runtime: Runtime.Runtime<never>): Calls => {
  const running = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  const steps = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  let closing = false
  let closed = false

  const start = <A>(among: typeof running, effect: Effect.Effect<A, unknown>, signal?: AbortSignal): Promise<A> => {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise<A>((resolve, reject) => {
      const fiber = Runtime.runFork(runtime, effect)
      const interrupt = () => fiber.unsafeInterruptAsFork(fiber.id())
      among.add(fiber)
      signal?.addEventListener("abort", interrupt, { once: true })
      fiber.addObserver((exit) => {
        among.delete(fiber)
        signal?.removeEventListener("abort", interrupt)
        if (Exit.isSuccess(exit)) return resolve(exit.value)
        if (signal?.aborted && Exit.isInterrupted(exit)) return reject(signal.reason)
        Runtime.runCallback(runtime, errorOf(exit.cause), {
          onExit: (error) => reject(Exit.isSuccess(error) ? error.value : error.cause)
        })
      })
    })
  }

  return {
    run: (effect, signal) => handled(closing ? refused() : start(running, effect, signal)),
    step: (effect, signal) => handled(closed ? refused() : start(steps, effect, signal)),
    drain: (limit) =>
      Effect.suspend(() => {
        closing = true
        return Effect.asVoid(Effect.timeoutOption(Fiber.awaitAll(running), limit))
      }),
    interruptAll: Effect.suspend(() => {
      closed = true
      return Fiber.interruptAll([...running, ...steps])
    })
  }
}

/** Whoever calls need not look at once, as when it closes the manager first; Node would end the process for that. */
const handled = <A>(call: Promise<A>): Promise<A> => {
  call.catch(constVoid)
  return call
}

const refused = () => Promise.reject(new ShuttingDown({}))
