import * as Effect from "effect/Effect"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { statusOf } from "./statusOf.js"

/** What is to be deleted and is not there needs no deleting. */
export const goneIsDone = <A>(deleting: Effect.Effect<A, ProviderError>): Effect.Effect<void, ProviderError> =>
  deleting.pipe(
    Effect.asVoid,
    Effect.catchIf((error) => statusOf(error) === 404, () => Effect.void)
  )
