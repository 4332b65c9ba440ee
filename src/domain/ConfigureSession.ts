import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"
import { ModelName, ProviderName, ProviderTarget } from "./ProviderTarget.js"

/**
 * How a session is answered from now on. What is left out stays as it is.
 */
export const ConfigureSession = Schema.Struct({
  provider: Schema.optionalWith(ProviderName, { exact: true }),
  model: Schema.optionalWith(ModelName, { exact: true }),
  /** A JSON Merge Patch (RFC 7396): `null` removes a key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true }),
  /** In place of those there are. */
  fallbacks: Schema.optionalWith(Schema.Array(ProviderTarget).pipe(Schema.maxItems(8)), { exact: true })
})
export interface ConfigureSession extends Schema.Schema.Type<typeof ConfigureSession> {}
