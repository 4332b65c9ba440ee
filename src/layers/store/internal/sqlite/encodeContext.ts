import * as Schema from "effect/Schema"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import { ContextRow } from "./ContextRow.js"

const encode = Schema.encodeSync(ContextRow)

/**
 * A context as its column has it.
 */
export const encodeContext = (context: SessionContext): string => encode({ context }).context
