import * as Options from "@effect/cli/Options"

/**
 * Whether to print JSON, for programs, instead of text, for people.
 */
export const json = Options.boolean("json").pipe(Options.withDescription("Print JSON"))
