import * as Schema from "effect/Schema"
import { ContextPatch } from "./ContextPatch.js"
import { ModelName, ProviderName } from "./ProviderTarget.js"
import { SessionConfig } from "./SessionConfig.js"
import { UserId } from "./UserId.js"

/**
 * What a new session needs.
 */
export const CreateSession = Schema.Struct({
  userId: UserId,
  provider: ProviderName,
  model: ModelName,
  config: Schema.optionalWith(SessionConfig, { exact: true }),
  context: Schema.optionalWith(ContextPatch, { exact: true })
})
export interface CreateSession extends Schema.Schema.Type<typeof CreateSession> {}
