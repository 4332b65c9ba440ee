import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"

/**
 * Has a command, which the fiber of a mailbox runs, belong to the span of whoever asks for it.
 */
export const asked: Instrumentation["asked"] = (command) =>
  Effect.map(
    Effect.serviceOption(Tracer.ParentSpan),
    Option.match({ onNone: () => command, onSome: (span) => Effect.withParentSpan(command, span) })
  )
