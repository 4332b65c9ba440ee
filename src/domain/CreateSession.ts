import * as Schema from "effect/Schema"
import { ContextPatch } from "./ContextPatch.js"
import { SessionConfig } from "./SessionConfig.js"
import { ShortText } from "./ShortText.js"
import { UserId } from "./UserId.js"

/**
 * What a new session needs.
 */
export const CreateSession = Schema.Struct({
  userId: UserId,
  /** A registered provider's name. */
  provider: ShortText(64).pipe(Schema.nonEmptyString()),
  model: ShortText(128).pipe(Schema.nonEmptyString()),
  config: Schema.optionalWith(SessionConfig, { exact: true }),
  context: Schema.optionalWith(ContextPatch, { exact: true })
})
export interface CreateSession extends Schema.Schema.Type<typeof CreateSession> {}
