import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import type { SessionId } from "../../domain/SessionId.js"

/**
 * Reads settings, or says which key is wrong and never its value, which may be a secret. Keys that the schema does not know
 * are left alone, unless `options` say otherwise, so that a session can change its provider and keep its settings.
 */
export const decodeConfig = <A, I>(schema: Schema.Schema<A, I>, where: string, options?: ParseOptions) => {
  const decode = Schema.decodeUnknown(schema, options)
  return (config: unknown, sessionId?: SessionId): Effect.Effect<A, ConfigurationError> =>
    Effect.mapError(decode(config), (error) =>
      new ConfigurationError({
        problems: [`${where}: ${InvalidRequest.fromParseError(error).message}`],
        ...(sessionId !== undefined && { sessionId })
      }))
}
