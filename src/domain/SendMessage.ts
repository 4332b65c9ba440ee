import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { BusyPolicy } from "./BusyPolicy.js"
import { DurationFromInput } from "./DurationFromInput.js"
import { IdempotencyKey } from "./IdempotencyKey.js"
import { MessageContent } from "./MessageContent.js"
import { OnUnknown } from "./OnUnknown.js"

const patience = DurationFromInput.pipe(
  Schema.filter(Duration.greaterThan(Duration.zero), { message: () => "must be longer than 0" })
)

/**
 * What is said, and how it is to be answered.
 */
export const SendMessage = Schema.Struct({
  ...MessageContent.fields,
  /** Makes the send repeatable: with the same key and content it joins the turn it made before. */
  key: Schema.optionalWith(IdempotencyKey, { exact: true }),
  /** What to do while another turn runs; as the session's `whenBusy` says unless told. */
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  /** How long the whole turn may take, from its acceptance to its stored reply. No longer than the host allows. */
  timeout: Schema.optionalWith(patience, { exact: true }),
  /** Whether losing the sender stops the turn. False unless told. */
  stopOnDisconnect: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** `interrupt` unless told. */
  onUnknown: Schema.optionalWith(OnUnknown, { exact: true })
})
export interface SendMessage extends Schema.Schema.Type<typeof SendMessage> {}
