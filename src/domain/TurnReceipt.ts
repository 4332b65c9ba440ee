import * as Schema from "effect/Schema"
import { TurnId } from "./TurnId.js"

/**
 * What became of a send. `started`: its turn runs. `queued`: it waits behind others. `interrupted`, `rolledBack`: it waits
 * for the running turn, which has been told to stop. `steered`: it waits to join the running turn. `joined`: its key was
 * known, so this is the turn of an earlier send.
 */
export const SendOutcome = Schema.Literal("started", "queued", "interrupted", "rolledBack", "steered", "joined")
export type SendOutcome = typeof SendOutcome.Type

/**
 * The turn is stored, and will be answered whatever becomes of its sender.
 */
export const TurnReceipt = Schema.Struct({ turnId: TurnId, outcome: SendOutcome })
export interface TurnReceipt extends Schema.Schema.Type<typeof TurnReceipt> {}
