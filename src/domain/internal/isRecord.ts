import type { JsonRecord } from "../JsonRecord.js"
import type { JsonValue } from "../JsonValue.js"

export const isRecord = (value: JsonValue | undefined): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value)
