import * as Schema from "effect/Schema"

/**
 * Why a reply ends where it does. `complete`: the model was done. `length`: it hit a token limit. `toolCalls`: it waits
 * for tool results. `paused`: it wants to be called again to go on, and the turn does so. `refusal`: it declined. `cut`: the turn failed or was interrupted, so this is the part that had
 * arrived; a cut reply is kept for people to read and is never shown to a provider again.
 */
export const FinishReason = Schema.Literal("complete", "length", "toolCalls", "paused", "refusal", "cut")
export type FinishReason = typeof FinishReason.Type
