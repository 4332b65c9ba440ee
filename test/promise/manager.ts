// A promise may reject with anything; the types are restored here.
// @effect-diagnostics anyUnknownInErrorContext:off unknownInEffectCatch:off globalErrorInEffectCatch:off
import { Effect, Layer, Predicate, Stream } from "effect"
import type { SessionError } from "../../src/domain/error/SessionError.js"
import type { PromiseSession, PromiseSessionManager } from "../../src/services/promise/PromiseSession.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { untyped } from "../middleware/untyped.js"

/** Turns the facade back into a service, so that the same contract suite can run on it. */
const back = (
  service: PromiseSession | PromiseSessionManager,
  effects: ReadonlySet<string>,
  streams: ReadonlySet<string>
) =>
  Object.fromEntries(
    Object.entries(service).map(([name, member]) => {
      if (typeof member !== "function") return [name, member]
      const call = (...args: ReadonlyArray<unknown>) => untyped(member)(...args.map(iterated))
      if (name === "session") return [name, (id: string) => wrap(call(id))]
      if (streams.has(name)) {
        return [name, (...args: ReadonlyArray<unknown>) =>
          Stream.fromAsyncIterable<unknown, SessionError>(call(...args), untyped)]
      }
      const effect = (...args: ReadonlyArray<unknown>) =>
        Effect.map(
          Effect.tryPromise({
            try: (signal) =>
              call(...args, { signal }),
            catch: untyped
          }),
          wrap
        )
      return [name, effects.has(name) ? effect() : effect]
    })
  )

const iterated = (arg: unknown): unknown =>
  Predicate.hasProperty(arg, Stream.StreamTypeId) ? Stream.toAsyncIterable(untyped(arg)) : arg

const sessionEffects = new Set([
  "info",
  "pending",
  "turns",
  "clear",
  "context",
  "metrics",
  "archive",
  "reactivate",
  "delete",
  "export"
])

const wrap = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "send" in value
    ? back(untyped(value), sessionEffects, new Set(["stream", "watch"]))
    : value

/** A manager of promises as the service that it wraps. */
export const asService = (open: Effect.Effect<PromiseSessionManager>): Layer.Layer<SessionManager> =>
  Layer.scoped(
    SessionManager,
    Effect.map(
      Effect.acquireRelease(open, ({ close }) => Effect.promise(close)),
      (manager) =>
        untyped(
          back(
            manager,
            new Set(["listProviders", "health", "stats", "optimize"]),
            new Set(["exportSessions", "importSessions"])
          )
        )
    )
  )
