import * as Schema from "effect/Schema"
import { Durability } from "./Durability.js"

/**
 * How the runtime is.
 */
export const Health = Schema.Struct({
  status: Schema.Literal("ok", "degraded"),
  store: Schema.Struct({
    name: Schema.String,
    durability: Durability,
    ok: Schema.Boolean,
    sessions: Schema.NonNegativeInt,
    /** Bytes that the store takes in memory or on disk, as far as it knows. */
    bytes: Schema.NonNegativeInt,
    /** Events that hooks have given up on, to be replayed. */
    deadLetters: Schema.NonNegativeInt
  }),
  providers: Schema.Array(Schema.String),
  /** Sessions that have an actor now. */
  activeSessions: Schema.NonNegativeInt,
  /** Turns that are accepted and not ended. */
  openTurns: Schema.NonNegativeInt
})
export interface Health extends Schema.Schema.Type<typeof Health> {}
