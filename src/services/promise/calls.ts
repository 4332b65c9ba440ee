import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constVoid, identity } from "effect/Function"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { v4 } from "uuid"
import { InternalError, ShuttingDown } from "../../domain/error/RequestError.js"
import type { Session } from "../Session.js"
import { SessionManager } from "../SessionManager.js"
import type { CallOptions, Promised, PromiseSessionManager } from "./PromiseSession.js"

// A promise may reject with anything: its type has no room for errors.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * Builds a layer and wraps its manager in promises. `close` waits for running calls, for at most `drainTimeout`.
 */
export const openSessionManager = async <E>(
  layer: Layer.Layer<SessionManager, E>,
  drainTimeout: Duration.DurationInput
): Promise<PromiseSessionManager> => {
  const managed = ManagedRuntime.make(layer)
  const opened = await Effect.runPromiseExit(managed.runtimeEffect)
  if (Exit.isFailure(opened)) {
    const error = await Effect.runPromise(toRejection(opened.cause))
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

/**
 * The members of a service as promises and async iterables, as typed by `Promised`. It works on any member, so new operations
 * need no change here.
 */
function promised<Service extends object>(calls: Calls, service: Service): Promised<Service>
function promised(calls: Calls, service: object): unknown {
  const convert = (value: unknown, { signal }: CallOptions): unknown => {
    if (isStream(value)) return iterate(calls, value, signal)
    if (isSession(value)) return promised(calls, value)
    return isEffect(value) ? calls.run(Effect.map(value, (value) => convert(value, {})), signal) : value
  }

  const member = (value: unknown): unknown => {
    if (Predicate.isFunction(value)) {
      return (...args: ReadonlyArray<unknown>) => {
        const last = args.at(-1)
        return isOptions(last)
          ? convert(value(...args.slice(0, -1).map(toStream)), last)
          : convert(value(...args.map(toStream)), {})
      }
    }
    return isEffect(value) || isStream(value) ? (options: CallOptions = {}) => convert(value, options) : value
  }

  return Object.fromEntries(Object.entries(service).map(([name, value]) => [name, member(value)]))
}

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)

const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> =>
  Predicate.hasProperty(value, Stream.StreamTypeId)

/** The only result that has effects as members. */
const isSession = (value: unknown): value is Session =>
  Predicate.hasProperty(value, "send") && Predicate.hasProperty(value, "watch")

/** No operation's input has a field `signal`. */
const isOptions = (value: unknown): value is CallOptions =>
  Predicate.isRecord(value) && Object.keys(value).join() === "signal" &&
  (value["signal"] === undefined || value["signal"] instanceof AbortSignal)

/** What the iterable throws fails the stream, and rejects the call that reads it. */
const toStream = (arg: unknown): unknown => isAsyncIterable(arg) ? Stream.fromAsyncIterable(arg, identity) : arg

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  Predicate.hasProperty(value, Symbol.asyncIterator)

/**
 * A stream as an async iterable that can be read once. It starts with the first step and never reads ahead. Leaving the loop
 * ends the stream, even while a step waits.
 */
const iterate = <A>(
  { step: run }: Calls,
  stream: Stream.Stream<A, unknown>,
  signal?: AbortSignal
): AsyncIterableIterator<A> => {
  const leaving = new AbortController()
  const whileRead = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal
  const end: IteratorResult<A> = { done: true, value: undefined }
  const scope = Effect.runSync(Scope.make())
  let arrived = Chunk.empty<A>()
  let pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<unknown>> | undefined
  let done = false
  let latest: Promise<unknown> = Promise.resolve()

  const close = Effect.suspend(() => {
    done = true
    return Scope.close(scope, Exit.void)
  })

  const opened = Effect.gen(function*() {
    pull ??= yield* Scope.extend(Stream.toPull(stream), scope)
    return pull
  })

  const advance: Effect.Effect<IteratorResult<A>, unknown> = Effect.gen(function*() {
    if (done) return end
    while (Chunk.isEmpty(arrived)) {
      const next = yield* Effect.flatten(opened).pipe(
        Effect.map(Option.some),
        Effect.catchAll(Option.match({ onNone: () => Effect.succeed(Option.none()), onSome: Effect.fail }))
      )
      if (Option.isNone(next)) {
        yield* close
        return end
      }
      arrived = next.value
    }
    const value = Chunk.unsafeHead(arrived)
    arrived = Chunk.drop(arrived, 1)
    return { done: false as const, value }
  })

  const failed = async (error: unknown) => {
    await Effect.runPromise(close)
    if (leaving.signal.aborted) return end
    throw error
  }

  return {
    next: () => {
      const next = latest.then(() => (done ? end : run(advance, whileRead))).catch(failed)
      latest = next.catch(constVoid)
      return next
    },
    return: async () => {
      leaving.abort()
      await latest
      await Effect.runPromise(close)
      return end
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

/**
 * Runs the calls of one manager.
 */
interface Calls {
  /** Runs a call. Rejects with its error, or with the signal's reason. */
  readonly run: <A>(effect: Effect.Effect<A, unknown>, signal?: AbortSignal) => Promise<A>
  /** Runs a step of a stream, which may be read while `drain` waits for calls. */
  readonly step: Calls["run"]
  /** Refuses new calls and waits for running ones, for at most `limit`. Does not wait for steps. */
  readonly drain: (limit: Duration.DurationInput) => Effect.Effect<void>
  /** Interrupts the calls and steps that still run. */
  readonly interruptAll: Effect.Effect<void>
}

const makeCalls = (runtime: Runtime.Runtime<never>): Calls => {
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
        Runtime.runCallback(runtime, toRejection(exit.cause), {
          onExit: (error) => reject(Exit.isSuccess(error) ? error.value : error.cause)
        })
      })
    })
  }

  return {
    run: (effect, signal) => withHandler(closing ? refused() : start(running, effect, signal)),
    step: (effect, signal) => withHandler(closed ? refused() : start(steps, effect, signal)),
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

/** Callers may handle a rejection late, such as after `close`. Without this, Node would end the process. */
const withHandler = <A>(call: Promise<A>): Promise<A> => {
  call.catch(constVoid)
  return call
}

const refused = () => Promise.reject(new ShuttingDown({}))

/**
 * What a promise rejects with: the error itself; `InternalError` for a defect, which is logged; `ShuttingDown` for an
 * interruption.
 */
const toRejection = (cause: Cause.Cause<unknown>): Effect.Effect<unknown> => {
  const failure = Cause.failureOption(cause)
  if (Option.isSome(failure)) return Effect.succeed(failure.value)
  const defect = Cause.dieOption(cause)
  if (Option.isNone(defect)) return Effect.succeed(new ShuttingDown({}))
  if (defect.value instanceof InternalError) return Effect.succeed(defect.value)
  const correlationId = v4()
  return Effect.logError("A call ended in a defect", cause).pipe(
    Effect.annotateLogs({ correlationId }),
    Effect.as(new InternalError({ correlationId }))
  )
}
