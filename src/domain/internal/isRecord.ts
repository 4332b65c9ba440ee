import type { JsonObject, JsonValue } from "../JsonValue.js"

export const isRecord = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
