import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import { endSpan } from "./endSpan.js"
import type { SpanEnd } from "./SpanEnd.js"

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
