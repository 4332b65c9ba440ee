import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { constants } from "node:os"

const byTag: Readonly<Record<string, number>> = {
  ConfigurationError: 2,
  IdempotencyConflict: 2,
  InvalidRequest: 2,
  NotSupported: 2,
  Disconnected: 3,
  Unauthorized: 4,
  SessionNotFound: 5,
  MessageNotFound: 5,
  TurnNotFound: 5,
  DeadlineExceeded: 6
}

/**
 * What the shell is told: 0 done, 1 refused or failed, 2 wrong usage or input, 3 no connection, 4 wrong token, 5 not found,
 * 6 out of time, 70 a defect, 128 and the number of the signal that interrupted it: 130 for Ctrl-C.
 */
export const exitCode = (exit: Exit.Exit<unknown, unknown>, signal: number = constants.signals.SIGINT): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.isInterruptedOnly(exit.cause)) return 128 + signal
  return Option.match(Cause.failureOption(exit.cause), {
    onNone: () => 70,
    onSome: (error) =>
      ValidationError.isValidationError(error)
        ? 2
        : Predicate.hasProperty(error, "_tag") && typeof error._tag === "string"
        ? byTag[error._tag] ?? 1
        : 1
  })
}
