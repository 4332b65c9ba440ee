import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"

/**
 * Runs an effect in a span. `ended` decides how the span ends.
 */
export const inSpan = <A, E>(
  name: string,
  options: Tracer.SpanOptions,
  effect: Effect.Effect<A, E>,
  ended: (exit: Exit.Exit<A, E>, span: Tracer.Span) => Effect.Effect<SpanEnd>
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.makeSpan(name, { ...options, captureStackTrace: false }),
    (span) => Effect.withParentSpan(effect, span),
    (span, exit) => Effect.zipWith(ended(exit, span), Effect.clock, (end, clock) => endSpan(span, clock, end))
  )

/**
 * Makes a command, which the fiber of a command queue runs, a child of the caller's span.
 */
export const propagate: Instrumentation["propagate"] = (command) =>
  Effect.map(
    Effect.serviceOption(Tracer.ParentSpan),
    Option.match({ onNone: () => command, onSome: (span) => Effect.withParentSpan(command, span) })
  )

/**
 * How a span ends. An error is its code and nothing else: a vendor or the author of a middleware may have written its message,
 * which may quote the conversation.
 */
export type SpanEnd = { readonly error: string } | "stopped" | "ok"

interface Coded {
  readonly _tag: string
  readonly code: string
}

/**
 * A turn that was stopped or interrupted is not an error.
 */
export const endFromError = ({ _tag, code }: Coded): SpanEnd =>
  _tag === "TurnStopped" || _tag === "TurnInterrupted" ? "stopped" : { error: code }

export const endFromExit = (exit: Exit.Exit<unknown, Coded>): SpanEnd =>
  Exit.match(exit, {
    onSuccess: () => "ok",
    onFailure: (cause) =>
      Either.match(Cause.failureOrCause(cause), {
        onLeft: endFromError,
        onRight: (cause) => Cause.isInterruptedOnly(cause) ? "stopped" : { error: "defect" }
      })
  })

/**
 * Ends a span. Does nothing if it has ended already.
 */
export const endSpan = (span: Tracer.Span, clock: Clock.Clock, end: SpanEnd): void => {
  if (span.status._tag === "Ended") return
  if (typeof end === "object") span.attribute("error.type", end.error)
  span.end(clock.unsafeCurrentTimeNanos(), toExit(end))
}

const toExit = (end: SpanEnd): Exit.Exit<void, SpanFailed> => {
  switch (end) {
    case "ok":
      return Exit.void
    case "stopped":
      return Exit.interrupt(FiberId.none)
    default:
      return Exit.fail(new SpanFailed({ message: end.error }))
  }
}

class SpanFailed extends Data.TaggedError("SpanFailed")<{ readonly message: string }> {}
