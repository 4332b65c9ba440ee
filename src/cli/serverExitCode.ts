import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { exitCode } from "./exitCode.js"

/**
 * The same for the server, which has done its job once it was told to stop, and did.
 */
export const serverExitCode = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? 0 : exitCode(exit)
