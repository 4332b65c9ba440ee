import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"
import { ShortText } from "./ShortText.js"

/**
 * A registered provider's name.
 */
export const ProviderName = ShortText(64).pipe(Schema.nonEmptyString())
export const ModelName = ShortText(128).pipe(Schema.nonEmptyString())

/**
 * Whom to ask.
 */
export const ProviderTarget = Schema.Struct({
  provider: ProviderName,
  model: ModelName,
  /** Laid over the session's own `providerConfig`, key by key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface ProviderTarget extends Schema.Schema.Type<typeof ProviderTarget> {}
