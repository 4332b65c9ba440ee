import * as Schema from "effect/Schema"
import { UserId } from "./UserId.js"

const count = Schema.NonNegativeInt

/**
 * What became of all that was stored of a user.
 */
export const ErasureReceipt = Schema.Struct({
  userId: UserId,
  at: Schema.DateTimeUtc,
  /** Sessions that were deleted. */
  sessions: count,
  /** Messages that were removed, with what a search knew of them. */
  messages: count,
  turns: count,
  /** Messages that are still there, since sessions of other users share them. */
  sharedMessages: count,
  /** Days whose figures no longer say whose they were. */
  rollupDays: count,
  /** Copies of conversations that providers held. */
  providerCopies: Schema.Struct({
    removed: count,
    /** Those that a provider has not removed; its log entry names each. */
    failed: count
  })
})
export interface ErasureReceipt extends Schema.Schema.Type<typeof ErasureReceipt> {}
