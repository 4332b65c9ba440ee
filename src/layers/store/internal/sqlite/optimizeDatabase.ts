import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { emptyWal } from "./emptyWal.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Indexer } from "./keepIndexed.js"
import type { MaintenanceStatements } from "./prepareMaintenance.js"
import type { SearchStatements } from "./prepareSearch.js"
import { purgeIndex } from "./purgeIndex.js"

/** Pages that are given back in one transaction. */
const vacuumPages = 256

/**
 * Merges the index of search, lets SQLite look at what its queries would be faster with, gives free pages back, and empties
 * the WAL; all in steps that take some milliseconds. Answers the steps of the merge.
 */
export const optimizeDatabase = (
  committer: GroupCommitter<MaintenanceStatements & SearchStatements>,
  indexer: Pick<Indexer, "catchUp">
): Effect.Effect<number, StoreError> =>
  Effect.gen(function*() {
    const steps = yield* purgeIndex(committer, indexer)
    yield* committer.write((on) => {
      on.analyze.run()
      return Either.void
    })
    // A database that was made by something else may not give back any.
    while (yield* giveBack(committer));
    yield* emptyWal(committer)
    return steps
  })

/** Answers whether there are more. */
const giveBack = (committer: GroupCommitter<MaintenanceStatements>) =>
  committer.write((on) => {
    const before = freePages(on)
    if (before > 0) on.giveBack(vacuumPages)
    const after = freePages(on)
    return Either.right(after > 0 && after < before)
  })

const freePages = (on: MaintenanceStatements): number => on.figures.get()?.freePages ?? 0
