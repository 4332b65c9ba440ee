import * as Schema from "effect/Schema"
import { SessionContext } from "../../../../domain/SessionContext.js"

/**
 * What is read of a row of `contexts`.
 */
export const ContextRow = Schema.Struct({ context: Schema.parseJson(SessionContext) })
