import type { JsonObject, JsonValue } from "../JsonValue.js"
import { isRecord } from "./isRecord.js"

/**
 * JSON Merge Patch, RFC 7396 section 2. Both sides have passed `JsonObject`, so no key here reaches a prototype.
 */
export const mergePatch = (target: JsonObject, patch: JsonObject): JsonObject => {
  const merged: Record<string, JsonValue> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    const current = merged[key]
    if (value === null) delete merged[key]
    else merged[key] = isRecord(value) ? mergePatch(isRecord(current) ? current : {}, value) : value
  }
  return merged
}
