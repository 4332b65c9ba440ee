import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"

/**
 * Which part of a list to print.
 */
export const pageOptions = {
  limit: Options.integer("limit").pipe(Options.withDescription("How many, 500 at most"), Options.withDefault(50)),
  cursor: Options.text("cursor").pipe(Options.withDescription("Where an earlier page ended"), Options.optional)
}

export const toPageQuery = (options: { readonly limit: number; readonly cursor: Option.Option<string> }) => ({
  limit: options.limit,
  ...(Option.isSome(options.cursor) && { cursor: options.cursor.value })
})
