import * as Schema from "effect/Schema"
import { reservedKeys } from "../../../domain/internal/reservedKeys.js"

const maxPairs = 16

const key = Schema.NonEmptyString.pipe(
  Schema.maxLength(64),
  Schema.filter((key) => !reservedKeys.has(key), { description: "a key of up to 64 characters" })
)

/**
 * What may be kept with a conversation: up to 16 strings of up to 512 characters, under keys of up to 64.
 */
export const ConversationMetadata = Schema.Record({ key, value: Schema.String.pipe(Schema.maxLength(512)) }).pipe(
  Schema.filter((metadata) => Object.keys(metadata).length <= maxPairs || `must have no more than ${maxPairs} keys`)
)
export type ConversationMetadata = typeof ConversationMetadata.Type
