import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"

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
export const ofError = ({ _tag, code }: Coded): SpanEnd =>
  _tag === "TurnStopped" || _tag === "TurnInterrupted" ? "stopped" : { error: code }

export const ofExit = (exit: Exit.Exit<unknown, Coded>): SpanEnd =>
  Exit.match(exit, {
    onSuccess: () => "well",
    onFailure: (cause) =>
      Either.match(Cause.failureOrCause(cause), {
        onLeft: ofError,
        onRight: (cause) => Cause.isInterruptedOnly(cause) ? "stopped" : { error: "defect" }
      })
  })
