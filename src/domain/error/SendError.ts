import * as Schema from "effect/Schema"
import { ChangeError } from "./ChangeError.js"
import { IdempotencyConflict } from "./IdempotencyConflict.js"
import { LimitExceeded } from "./LimitExceeded.js"
import { TurnError } from "./TurnError.js"

/**
 * What a send may answer: it was not accepted, or its turn ended without a reply.
 */
export const SendError = Schema.Union(ChangeError, TurnError, IdempotencyConflict, LimitExceeded)
export type SendError = typeof SendError.Type
