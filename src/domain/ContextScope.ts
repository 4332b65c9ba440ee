import * as Schema from "effect/Schema"

/**
 * Whose a piece of context is: about the user, the conversation, the provider, or the system around it.
 */
export const ContextScope = Schema.Literal("user", "conversation", "provider", "system")
export type ContextScope = typeof ContextScope.Type
