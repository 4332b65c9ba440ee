import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"

const scope = Schema.optionalWith(JsonRecord, { exact: true })

/**
 * A change to a session's context, as JSON Merge Patch (RFC 7396) for each scope: objects are merged, `null` removes a
 * key, anything else replaces it.
 */
export const ContextPatch = Schema.Struct({ user: scope, conversation: scope, provider: scope, system: scope })
export interface ContextPatch extends Schema.Schema.Type<typeof ContextPatch> {}
