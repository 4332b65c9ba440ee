import * as Schema from "effect/Schema"

/**
 * Names one turn: a send, and all that is done to answer it. The same grammar as a session's id.
 */
export const TurnId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("TurnId")
)
export type TurnId = typeof TurnId.Type
