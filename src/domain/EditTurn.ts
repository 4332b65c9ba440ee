import * as Schema from "effect/Schema"
import { MessageContent } from "./MessageContent.js"
import { TurnId } from "./TurnId.js"

/**
 * New content for a turn that still waits. It keeps its place, its key and its deadline.
 */
export const EditTurn = Schema.Struct({ turnId: TurnId, ...MessageContent.fields })
export interface EditTurn extends Schema.Schema.Type<typeof EditTurn> {}

/**
 * What became of an edit. `tooLate`: the turn has started, has ended, or was never there.
 */
export const EditOutcome = Schema.Literal("edited", "tooLate")
export type EditOutcome = typeof EditOutcome.Type
