import * as Effect from "effect/Effect"
import assert from "node:assert/strict"

/**
 * Runs an effect that must fail with an error of this tag.
 */
export const assertFails = <A, E extends { readonly _tag: string }, R>(
  tag: E["_tag"],
  effect: Effect.Effect<A, E, R>
): Effect.Effect<void, never, R> =>
  Effect.match(effect, {
    onFailure: (error) => assert.equal(error._tag, tag),
    onSuccess: () => assert.fail(`expected ${tag}, but it succeeded`)
  })
