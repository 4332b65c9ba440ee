import * as Schema from "effect/Schema"

/**
 * Names one conversation. Up to 64 letters, digits, `-` and `_`: ids travel in file names, URLs and queries, so nothing
 * else may stand in one.
 */
export const SessionId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("SessionId")
)
export type SessionId = typeof SessionId.Type
