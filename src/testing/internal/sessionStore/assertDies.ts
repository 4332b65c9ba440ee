import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"

/**
 * Runs an effect that must die: its caller has broken a rule of the port.
 */
export const assertDies = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.matchCause(effect, {
    onFailure: (cause) => assert.ok(Cause.isDie(cause), `expected a defect, but got ${Cause.pretty(cause)}`),
    onSuccess: () => assert.fail("expected a defect, but it succeeded")
  })
