import * as Schema from "effect/Schema"
import { reservedKeys } from "../../../domain/internal/reservedKeys.js"

const maxPairs = 16
const maxKeyLength = 64

const isKey = (key: string): boolean => key.length > 0 && key.length <= maxKeyLength && !reservedKeys.has(key)

/**
 * What may be kept with a conversation: up to 16 strings of up to 512 characters, under keys of up to 64.
 */
// A record whose keys have a schema of their own drops those that do not fit.
export const ConversationMetadata = Schema.Record({
  key: Schema.String,
  value: Schema.String.pipe(Schema.maxLength(512))
}).pipe(
  Schema.filter((metadata) => {
    const keys = Object.keys(metadata)
    if (keys.length > maxPairs) return `must have no more than ${maxPairs} keys`
    return keys.every(isKey) || `must have keys of 1 to ${maxKeyLength} characters that mean nothing to JavaScript`
  })
)
export type ConversationMetadata = typeof ConversationMetadata.Type
