import type { DeadLetter } from "../domain/DeadLetter.js"

/**
 * A hook has given up on an event.
 */
export type HookFailure = Pick<DeadLetter, "at" | "attempts" | "hook" | "reason">
