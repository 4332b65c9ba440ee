import * as Schema from "effect/Schema"

/**
 * Who speaks in a message: a person, the model, the application, or a tool.
 */
export const Role = Schema.Literal("user", "assistant", "system", "tool")
export type Role = typeof Role.Type
