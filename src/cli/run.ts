import * as ValidationError from "@effect/cli/ValidationError"
import * as Runtime from "@effect/platform/Runtime"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { constants } from "node:os"
import { SessionError } from "../domain/error/SessionError.js"

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

const encodeError = Schema.encodeEither(Schema.parseJson(SessionError))

/**
 * Says on standard error what went wrong and what to do: to a person in words, to a program as JSON. Usage errors have been
 * explained by then.
 */
export const reportError = (json: boolean) => (error: unknown): Effect.Effect<void> => {
  if (ValidationError.isValidationError(error)) return Effect.void
  const words = `error: ${Predicate.isError(error) ? error.message : String(error)}`
  return Console.error(
    json && Schema.is(SessionError)(error) ? Either.getOrElse(encodeError(error), () => words) : words
  )
}

export interface RunMainOptions {
  /** What the shell is told. `signal` is the number of the one that asked the program to stop, if one did. */
  readonly exitCode: (exit: Exit.Exit<unknown, unknown>, signal?: number) => number
  /** How long a program may take to stop once it was told to; then it exits with 1. 30 seconds unless told. */
  readonly stopLimit?: Duration.DurationInput
  /** The same after an error that nobody handled. 2 seconds unless told. */
  readonly crashLimit?: Duration.DurationInput
  /** Whether it goes on when nobody reads its output any more, as `head` does after some lines. False unless told. */
  readonly outlivesOutput?: boolean
}

/** How the shell is told of an error in a program itself; see sysexits(3). */
const softwareError = 70

const closedOutput = 128 + constants.signals.SIGPIPE

/** `npm start` hands on to its child the Ctrl-C that the terminal has sent to both. */
const sameKeyPress = 250

/**
 * Runs a program to its end. SIGTERM, SIGINT and SIGHUP interrupt it, so that it finishes what it must; a second one ends it
 * at once, as does `stopLimit`. An error that nobody handled, of a promise or a callback, is logged, and stops it likewise,
 * within `crashLimit` and with exit code 70.
 *
 * In place of `NodeRuntime.runMain`, which knows no limit, and dies at once of a SIGHUP and of such an error.
 */
export const runMain = (
  { crashLimit = "2 seconds", exitCode, outlivesOutput = false, stopLimit = "30 seconds" }: RunMainOptions
): <A, E>(program: Effect.Effect<A, E>) => void => {
  let received: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
  let crashed = false

  return Runtime.makeRunMain(({ fiber, teardown }) => {
    const clock = Clock.make()
    const keepAlive = Effect.runFork(Effect.never)

    const stopWithin = (limit: Duration.DurationInput, code: number) => {
      Effect.runFork(Effect.delay(Effect.sync(() => process.exit(code)), limit))
      fiber.unsafeInterruptAsFork(fiber.id())
    }

    const onSignal = (signal: NodeJS.Signals) => {
      const at = clock.unsafeCurrentTimeMillis()
      if (received === undefined) {
        received = { signal, at }
        stopWithin(stopLimit, 1)
      } else if (signal !== "SIGINT" || received.signal !== "SIGINT" || at - received.at > sameKeyPress) {
        process.exit(128 + constants.signals[signal])
      }
    }

    const onOutputClosed = () => {
      if (outlivesOutput || received !== undefined) return
      received = { signal: "SIGPIPE", at: clock.unsafeCurrentTimeMillis() }
      stopWithin(crashLimit, closedOutput)
    }

    // Also of a rejection that nobody handled: Node makes such an exception of it.
    const onCrash = (error: unknown) => {
      if (crashed) return
      crashed = true
      Effect.runFork(Effect.logFatal("langswarm-session stops: an error was handled by nobody", error))
      stopWithin(crashLimit, softwareError)
    }

    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal)
    process.on("uncaughtException", onCrash)
    process.stdout.on("error", onOutputClosed)

    fiber.addObserver((exit) => {
      keepAlive.unsafeInterruptAsFork(keepAlive.id())
      teardown(exit, (code) => {
        if (crashed || received !== undefined || code !== 0) process.exit(code)
        for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.off(signal, onSignal)
      })
    })
  })({
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (crashed) return onExit(softwareError)
      const signal = received && constants.signals[received.signal]
      // To tell of its end it may have written once more.
      onExit(received?.signal === "SIGPIPE" ? closedOutput : exitCode(exit, signal))
    }
  })
}

/**
 * The same for the server, which has done its job once it was told to stop, and did.
 */
export const serverExitCode = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? 0 : exitCode(exit)
