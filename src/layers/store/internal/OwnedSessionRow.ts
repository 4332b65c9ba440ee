import * as Schema from "effect/Schema"
import { Epoch } from "../../../domain/Epoch.js"
import { SessionContext } from "../../../domain/SessionContext.js"
import { SessionMetrics } from "../../../domain/SessionMetrics.js"
import { SessionRow } from "./SessionRow.js"

/**
 * The whole row of `sessions`.
 */
export const OwnedSessionRow = Schema.Struct({
  ...SessionRow.fields,
  context: Schema.parseJson(SessionContext),
  metrics: Schema.parseJson(SessionMetrics),
  lastSeq: Schema.NonNegativeInt,
  lastOrdinal: Schema.NonNegativeInt,
  ownerEpoch: Epoch
})
