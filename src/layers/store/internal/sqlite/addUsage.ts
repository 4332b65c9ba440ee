import type { Statements } from "./prepareStatements.js"
import type { RollupRow } from "./rollupToRow.js"

/** Whose rollups those of all users together are. */
export const everyone = ""

/**
 * Adds what a session has used to the rollups of its user, and to those of everyone.
 */
export const addUsage = (
  on: Statements,
  userId: string,
  tagSet: number,
  rows: ReadonlyArray<RollupRow>
): void => {
  for (const { columns, tallies } of rows) {
    const { day, model, provider } = columns
    for (const owner of [everyone, userId]) {
      on.addRollup.run(owner, tagSet, columns)
      for (const [kind, count] of tallies) on.addTally.run(owner, day, provider, model, tagSet, kind, count)
    }
  }
}
