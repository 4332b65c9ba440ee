import * as Schema from "effect/Schema"
import { Attempt } from "./Attempt.js"
import { MiddlewareSkipped } from "./MiddlewareSkipped.js"

const target = { provider: Schema.String, model: Schema.String }

/**
 * Something that happened on the way of a turn that was answered all the same, or may be yet.
 *
 * `AttemptFailed`: a provider call failed, and another follows. `CircuitOpen`: a provider was not called, because it has
 * failed too often lately; it is tried again after `retryAfterMs`. `HistoryReplayed`: the provider's own copy of the
 * conversation was gone, so the whole history was sent. `HistoryTrimmed`: the history was too long for the model, so the
 * oldest `messages` of it were left out. `PartsOmitted`: the provider takes no parts of these kinds, and was shown a line of
 * text in their place, or nothing. `MiddlewareSkipped`: an optional middleware did not do its work.
 */
export const TurnNotice = Schema.Union(
  Schema.TaggedStruct("AttemptFailed", { attempt: Attempt }),
  Schema.TaggedStruct("CircuitOpen", { ...target, retryAfterMs: Schema.NonNegative }),
  Schema.TaggedStruct("HistoryReplayed", target),
  Schema.TaggedStruct("HistoryTrimmed", { ...target, messages: Schema.NonNegativeInt }),
  Schema.TaggedStruct("PartsOmitted", { ...target, kinds: Schema.Array(Schema.String) }),
  MiddlewareSkipped
)
export type TurnNotice = typeof TurnNotice.Type
