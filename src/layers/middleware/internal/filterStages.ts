import * as Effect from "effect/Effect"
import type { Part } from "../../../domain/Part.js"
import type { Middleware, MiddlewareContext } from "../../../services/Middleware.js"
import type { MiddlewareRefusal } from "../../../services/MiddlewareRefusal.js"

/** What becomes of the parts, and what is noted of that in the metadata. */
type Filter = <P extends Part>(
  parts: ReadonlyArray<P>,
  context: MiddlewareContext
) => Effect.Effect<{ readonly parts: ReadonlyArray<P>; readonly metadata: object }, MiddlewareRefusal>

/**
 * The stages of a middleware that does the same to what is said on either side.
 */
export const filterStages = (
  stages: ReadonlyArray<"admission" | "reply">,
  filter: Filter
): Pick<Middleware, "admission" | "reply"> => {
  const filtering = <P extends Part, A extends { readonly parts: ReadonlyArray<P>; readonly metadata: object }>(
    given: A & { readonly parts: ReadonlyArray<P> },
    context: MiddlewareContext
  ) =>
    Effect.map(filter(given.parts, context), ({ metadata, parts }) => ({
      ...given,
      parts,
      metadata: { ...given.metadata, ...metadata }
    }))
  return {
    ...(stages.includes("admission") && { admission: filtering }),
    ...(stages.includes("reply") && { reply: filtering })
  }
}
