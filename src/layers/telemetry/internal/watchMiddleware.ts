import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"
import { MiddlewareRefusal } from "../../../services/MiddlewareRefusal.js"
import { inSpan } from "./inSpan.js"
import type { SpanEnd } from "./SpanEnd.js"

/**
 * A span for each middleware that a message passes. One that its timeout has ended is told as stopped.
 */
export const watchMiddleware: Instrumentation["middleware"] = (name, stage, step) =>
  inSpan(
    `middleware ${name}`,
    { attributes: { "langswarm.middleware.name": name, "langswarm.middleware.stage": stage } },
    step,
    (exit) => Effect.succeed(endOf(exit))
  )

const endOf = (exit: Exit.Exit<unknown, unknown>): SpanEnd => {
  if (Exit.isSuccess(exit)) return "well"
  if (Cause.isInterruptedOnly(exit.cause)) return "stopped"
  const isRefusal = Option.exists(Cause.failureOption(exit.cause), (error) => error instanceof MiddlewareRefusal)
  return { error: isRefusal ? "refused" : "defect" }
}
