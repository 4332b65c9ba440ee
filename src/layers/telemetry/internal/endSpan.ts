import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Tracer from "effect/Tracer"
import type { SpanEnd } from "./SpanEnd.js"

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
