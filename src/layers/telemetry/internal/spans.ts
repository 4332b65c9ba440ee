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
 * What a span tells of how something ended: well, stopped, or with an error. That is named by its code and nothing else: a
 * message may have been written by a vendor, or by the author of a middleware, and quote what was said.
 */
export type SpanEnd = { readonly error: string } | "stopped" | "well"

interface Coded {
  readonly _tag: string
  readonly code: string
}

/**
 * That somebody stopped a turn is no failure of it.
 */
export const endFromError = ({ _tag, code }: Coded): SpanEnd =>
  _tag === "TurnStopped" || _tag === "TurnInterrupted" ? "stopped" : { error: code }

export const endFromExit = (exit: Exit.Exit<unknown, Coded>): SpanEnd =>
  Exit.match(exit, {
    onSuccess: () => "well",
    onFailure: (cause) =>
      Either.match(Cause.failureOrCause(cause), {
        onLeft: endFromError,
        onRight: (cause) => Cause.isInterruptedOnly(cause) ? "stopped" : { error: "defect" }
      })
  })

/**
 * Has a command, which the fiber of a mailbox runs, belong to the span of whoever asks for it.
 */
export const propagate: Instrumentation["propagate"] = (command) =>
  Effect.map(
    Effect.serviceOption(Tracer.ParentSpan),
    Option.match({ onNone: () => command, onSome: (span) => Effect.withParentSpan(command, span) })
  )

/**
 * Ends a span, once.
 */
export const endSpan = (span: Tracer.Span, clock: Clock.Clock, end: SpanEnd): void => {
  if (span.status._tag === "Ended") return
  if (typeof end === "object") span.attribute("error.type", end.error)
  span.end(clock.unsafeCurrentTimeNanos(), exitOf(end))
}

const exitOf = (end: SpanEnd): Exit.Exit<void, SpanFailed> => {
  switch (end) {
    case "well":
      return Exit.void
    case "stopped":
      return Exit.interrupt(FiberId.none)
    default:
      return Exit.fail(new SpanFailed({ message: end.error }))
  }
}

class SpanFailed extends Data.TaggedError("SpanFailed")<{ readonly message: string }> {}

/**
 * Runs an effect in a span of its own. What the span tells of the end is for `ended` to say.
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
