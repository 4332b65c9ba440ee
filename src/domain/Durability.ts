import * as Schema from "effect/Schema"

/**
 * What an acknowledged commit survives. `memory`: nothing. `process`: a killed process. `disk`: a power cut.
 * `replicated`: the loss of a machine.
 */
export const Durability = Schema.Literal("memory", "process", "disk", "replicated")
export type Durability = typeof Durability.Type
