import { camelToSnake } from "effect/String"
import { SessionRow } from "./SessionRow.js"

/**
 * What to select for a `SessionRow`: all but the context, which can be a thousand times as long as the rest.
 */
export const sessionColumns = Object.keys(SessionRow.fields).map((name) => `sessions.${camelToSnake(name)}`).join(", ")
