// An async function may throw anything.
// @effect-diagnostics anyUnknownInErrorContext:off
import * as Effect from "effect/Effect"
import type { SessionEvent } from "../domain/SessionEvent.js"
import type { Hook } from "../services/Hook.js"

/**
 * A hook that may be an async function. `signal` is aborted when its time is up.
 */
export interface HookDefinition extends Omit<Hook, "on"> {
  readonly on: (event: SessionEvent, signal: AbortSignal) => unknown
}

/**
 * Makes a `Hook` of an async function. What it throws is a failure: the event is tried again.
 */
export const defineHook = ({ on, ...definition }: HookDefinition): Hook => ({
  ...definition,
  on: (event) =>
    Effect.tryPromise({ try: async (signal) => ({ done: await on(event, signal) }), catch: (error) => error }).pipe(
      Effect.flatMap(({ done }) => (isEffect(done) ? Effect.asVoid(done) : Effect.void))
    )
})

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)
