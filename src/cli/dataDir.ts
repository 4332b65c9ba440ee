import * as Options from "@effect/cli/Options"

export const defaultDataDir = "./data"

/**
 * Where a server keeps its database and its token.
 */
export const dataDir = Options.text("data-dir").pipe(
  Options.withDescription("Where the server keeps its database and its token"),
  Options.withDefault(defaultDataDir)
)
