import * as Schema from "effect/Schema"

/**
 * What becomes of a turn whose process died while its provider may have been called. `interrupt`: it ends, so the provider
 * is called at most once. `retry`: it is called again, so a reply may be paid for twice.
 */
export const OnUnknown = Schema.Literal("interrupt", "retry")
export type OnUnknown = typeof OnUnknown.Type
