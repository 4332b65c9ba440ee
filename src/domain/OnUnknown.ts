import * as Schema from "effect/Schema"

/**
 * What becomes of a turn when nobody knows whether its provider has answered: the process died meanwhile, or the connection
 * broke before anything of a reply had come. `interrupt`: it ends, so that no reply is paid for twice. `retry`: it is asked
 * for again, and may be.
 */
export const OnUnknown = Schema.Literal("interrupt", "retry")
export type OnUnknown = typeof OnUnknown.Type
