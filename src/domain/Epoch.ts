import * as Schema from "effect/Schema"

/**
 * Number of an ownership of a session. Whoever opens the session next gets a higher one, and from then on the store
 * refuses what the earlier owner still tries to write.
 */
export const Epoch = Schema.NonNegativeInt.pipe(Schema.brand("Epoch"))
export type Epoch = typeof Epoch.Type
