import * as Schema from "effect/Schema"

/**
 * Names one message. The same grammar as a session's id.
 */
export const MessageId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("MessageId")
)
export type MessageId = typeof MessageId.Type
