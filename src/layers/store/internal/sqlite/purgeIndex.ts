import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Indexer } from "./keepIndexed.js"
import type { SearchStatements } from "./prepareSearch.js"

/** Pages that a step merges, in a transaction of its own. */
const mergePages = 16

/**
 * Merges what full-text search is indexed by into one piece, in steps between which others commit, and answers how many. Until
 * then the words of what was removed stay in it, only marked as gone.
 */
export const purgeIndex = (
  committer: GroupCommitter<SearchStatements>,
  { catchUp }: Pick<Indexer, "catchUp">
): Effect.Effect<number, StoreError> => {
  /** Answers whether there was something to merge: FTS5 counts one change for being asked. */
  const merge = (pages: number) =>
    committer.write((on) => {
      const before = changesOf(on)
      on.mergeIndex.run(pages)
      return Either.right(changesOf(on) - before > 1)
    })

  return Effect.gen(function*() {
    yield* catchUp
    // Less than none: takes in all pieces, even a sole one that has nothing to be merged with.
    yield* merge(-mergePages)
    let steps = 1
    while (yield* merge(mergePages)) steps++
    return steps
  })
}

const changesOf = (on: SearchStatements): number => on.totalChanges.get()?.changes ?? 0
