import * as Effect from "effect/Effect"
import assert from "node:assert/strict"

/**
 * The error of an effect that must fail, with one of this tag.
 */
export const failsWith = <Tag extends string, A, E extends { readonly _tag: string }, R>(
  tag: Tag,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, never, R> =>
  Effect.matchEffect(effect, {
    onFailure: (error) => hasTag(tag, error) ? Effect.succeed(error) : Effect.dieSync(() => wrong(tag, error._tag)),
    onSuccess: () => Effect.dieSync(() => wrong(tag, "success"))
  })

const hasTag = <Tag extends string, E extends { readonly _tag: string }>(
  tag: Tag,
  error: E
): error is Extract<E, { readonly _tag: Tag }> => error._tag === tag

const wrong = (expected: string, actual: string) =>
  new assert.AssertionError({
    expected,
    actual,
    operator: "strictEqual",
    message: `expected ${expected}, got ${actual}`
  })
