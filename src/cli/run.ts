import { PlatformError } from "@effect/platform/Error"
import * as Runtime from "@effect/platform/Runtime"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { flow } from "effect/Function"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { constants } from "node:os"
import { SessionError } from "../domain/error/SessionError.js"
import { fileProblem } from "../services/internal/fileProblem.js"
import { noteJson } from "./output.js"
import { note, type Streams } from "./Streams.js"
import { visible } from "./text.js"

const byTag: Readonly<Record<string, number>> = {
  UsageError: 2,
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
 * Exit code of a command: 0 success, 1 refused or failed, 2 wrong usage or input, 3 no connection, 4 wrong token, 5 not found,
 * 6 deadline exceeded, 70 a defect, 128 plus the signal's number when a signal interrupted it: 130 for Ctrl-C.
 */
export const exitCode = (exit: Exit.Exit<unknown, unknown>, signal: number = constants.signals.SIGINT): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.isInterruptedOnly(exit.cause)) return 128 + signal
  return Option.match(Cause.failureOption(exit.cause), {
    onNone: () => softwareError,
    onSome: (error) =>
      Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? byTag[error._tag] ?? 1 : 1
  })
}

/**
 * Exit code of the server: 0 too when a signal stopped it.
 */
export const serverExitCode = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? 0 : exitCode(exit)

/**
 * Writes an error to standard error: in words, or as JSON for a program.
 */
export const reportError = (json: boolean) => (error: unknown): Effect.Effect<void, never, Streams> => {
  const words = visible(`error: ${messageOf(error)}`)
  return json && Schema.is(SessionError)(error)
    ? Either.match(encodeError(error), { onLeft: () => note(words), onRight: noteJson })
    : note(words)
}

const messageOf = (error: unknown): string => {
  if (isPlatformError(error)) {
    const path = error._tag === "SystemError" ? error.pathOrDescriptor : undefined
    return `${path ?? error.module} ${fileProblem(error)}`
  }
  return Predicate.isError(error) ? error.message : String(error)
}

const isPlatformError = Schema.is(PlatformError)

const encodeError = Schema.encodeEither(Schema.parseJson(SessionError))

export interface RunMainOptions {
  /** Exit code of the process. `signal` is the number of the signal that interrupted the program, if one did. */
  readonly exitCode: (exit: Exit.Exit<unknown, unknown>, signal?: number) => number
  /** Longest time to stop after a signal; then the process exits with 1. Default: 30 seconds. */
  readonly stopLimit?: Duration.DurationInput
  /** Longest time to stop after an uncaught error. Default: 2 seconds. */
  readonly crashLimit?: Duration.DurationInput
  /** Writes the log of the program. Default: Effect's logger for people, which takes several lines for an entry. */
  readonly logger?: Logger.Logger<unknown, void>
  /** Whether the program continues when its output is closed, as `head` does after some lines. Default: false. */
  readonly outlivesOutput?: boolean
}

/** EX_SOFTWARE of sysexits(3). */
const softwareError = 70

const closedOutput = 128 + constants.signals.SIGPIPE

/** `npm start` forwards to its child the Ctrl-C that the terminal has sent to both. In milliseconds. */
const sameKeyPress = 250

/**
 * Runs a program as the process. SIGTERM, SIGINT and SIGHUP interrupt it, so that its finalizers run; a second signal ends the
 * process at once, as does `stopLimit`. An uncaught exception or rejection is logged and interrupts the program too, within
 * `crashLimit` and with exit code 70.
 *
 * Used in place of `NodeRuntime.runMain`, which has no limit and dies at once of a SIGHUP or an uncaught error.
 */
export const runMain = (
  {
    crashLimit = "2 seconds",
    exitCode,
    logger = Logger.prettyLoggerDefault,
    outlivesOutput = false,
    stopLimit = "30 seconds"
  }: RunMainOptions
): <A, E>(program: Effect.Effect<A, E>) => void => {
  const logged = Effect.provide(Logger.replace(Logger.defaultLogger, logger))
  let received: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
  let crashed = false

  const main = Runtime.makeRunMain(({ fiber, teardown }) => {
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

    // Node turns unhandled rejections into uncaught exceptions.
    const onCrash = (error: unknown) => {
      if (crashed) return
      crashed = true
      Effect.runFork(logged(Effect.logFatal("langswarm-session stops: uncaught error", error)))
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
    disablePrettyLogger: true,
    teardown: (exit, onExit) => {
      if (crashed) return onExit(softwareError)
      const signal = received && constants.signals[received.signal]
      // Its finalizers may have failed to write once more.
      onExit(received?.signal === "SIGPIPE" ? closedOutput : exitCode(exit, signal))
    }
  })
  return flow(logged, main)
}
