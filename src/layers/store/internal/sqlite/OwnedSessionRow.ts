import * as Schema from "effect/Schema"
import { Epoch } from "../../../../domain/Epoch.js"
import { SessionMetrics } from "../../../../domain/SessionMetrics.js"
import { SessionRow } from "./SessionRow.js"

/**
 * The whole row of `sessions`.
 */
export const OwnedSessionRow = Schema.Struct({
  ...SessionRow.fields,
  metrics: Schema.parseJson(SessionMetrics),
  lastSeq: Schema.NonNegativeInt,
  lastOrdinal: Schema.NonNegativeInt,
  lastEvent: Schema.NonNegativeInt,
  delivered: Schema.NonNegativeInt,
  ownerEpoch: Epoch
})
