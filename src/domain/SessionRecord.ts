import * as Schema from "effect/Schema"
import { recordIssue } from "./internal/recordIssue.js"
import { SessionExport } from "./SessionExport.js"

/**
 * An export that a session can be restored from: its places are in order, its parts are of one session and agree with each
 * other.
 */
export const SessionRecord = SessionExport.pipe(Schema.filter(recordIssue))
