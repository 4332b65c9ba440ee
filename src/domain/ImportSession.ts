import * as Schema from "effect/Schema"
import { SessionId } from "./SessionId.js"

/**
 * How sessions are imported.
 */
export const ImportOptions = Schema.Struct({
  /** `keep`, unless told: the session has the ids of its record. `renumber`: it gets others, the same in each run. */
  ids: Schema.optionalWith(Schema.Literal("keep", "renumber"), { exact: true }),
  /** A UUID from which the other ids are made. To import one record twice, give two. */
  namespace: Schema.optionalWith(Schema.UUID, { exact: true })
})
export interface ImportOptions extends Schema.Schema.Type<typeof ImportOptions> {}

/**
 * What became of a record. `unchanged`: the session was there already, and is the same; whether it is active or idle makes no
 * difference. `conflict`: another session has its id, or it has gone on since; it was left as it is.
 */
export const ImportOutcome = Schema.Struct({
  /** The id in the record. */
  recordId: SessionId,
  /** The id here. */
  sessionId: SessionId,
  outcome: Schema.Literal("imported", "unchanged", "conflict")
})
export interface ImportOutcome extends Schema.Schema.Type<typeof ImportOutcome> {}
