import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { wordsOf } from "../../../../domain/Search.js"
import { nameToSearch } from "../searchable.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { type SearchStatements, searchText, type Unindexed } from "./search.js"

/** What one batch takes at most, of each: it is prepared, and committed, in one go. */
const maxSessions = 64
const maxMessages = 64
const maxLength = 64 * 1024

/** Pages that a batch merges. */
const mergePages = 16

/** So long are commits left to gather before they are indexed. */
const delay = "200 millis"

interface Entry {
  readonly key: number
  readonly seq: number
  readonly words: string
}

/** What is to be written, and up to which `seq` each session is indexed then. */
interface Batch {
  readonly entries: ReadonlyArray<Entry>
  readonly indexed: ReadonlyArray<{ readonly key: number; readonly seq: number }>
  /** The next batch is of the sessions after this key. */
  readonly next: number
}

export interface Indexer {
  /** Says that something was committed. */
  readonly wake: Effect.Effect<void>
  /** Indexes what was committed before. */
  readonly catchUp: Effect.Effect<void, StoreError>
}

/**
 * Indexes messages and names for search, in batches, some time after they were committed: done with each commit, it would
 * cost as much as the commit itself. What is not indexed is known by `indexed_seq` of its session, so that nothing is
 * forgotten when the process ends.
 */
export const keepIndexed = (
  committer: GroupCommitter<SearchStatements>
): Effect.Effect<Indexer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const oneAtATime = yield* Effect.makeSemaphore(1)
    let called = yield* Deferred.make<void>()

    /** By key, and once around, so that commits which go on do not keep it going. */
    const catchUp = oneAtATime.withPermits(1)(Effect.gen(function*() {
      // What room is left is for what people say, and only that tells whether writing works again.
      if (committer.isFailing()) return
      const until = yield* committer.read((on) => on.lastUnindexed.get()?.key ?? 0)
      let after = 0
      for (;;) {
        const next = yield* indexNext(committer, after, until)
        if (next === undefined) return
        after = next
      }
    }))

    yield* Effect.gen(function*() {
      yield* Deferred.await(called)
      called = yield* Deferred.make<void>()
      yield* Effect.sleep(delay)
      // What fails is not forgotten, and is tried again after the next commit. Those who commit are told of a full disk.
      yield* Effect.catchAll(catchUp, (error) => Effect.logDebug("Search cannot be kept up to date", error))
    }).pipe(Effect.forever, Effect.forkScoped)

    const wake = Effect.suspend(() => Deferred.succeed(called, undefined))
    yield* wake
    return { wake: Effect.asVoid(wake), catchUp }
  })

/** Indexes a batch of the sessions after a key, and answers after which to go on; undefined when there is nothing left. */
const indexNext = (committer: GroupCommitter<SearchStatements>, after: number, until: number) =>
  Effect.gen(function*() {
    const { entries, indexed, next } = yield* committer.read((on) => nextBatch(on, after, until))
    if (indexed.length === 0) return undefined
    yield* committer.write((on) => {
      for (const { key, seq, words } of entries) {
        if (seq === 0) on.indexName.run({ key, words })
        else on.indexMessage.run({ key, seq, words })
      }
      for (const session of indexed) on.setIndexed.run(session)
      on.mergeIndex.run(mergePages)
      return Either.void
    })
    return next
  })

const nextBatch = (on: SearchStatements, after: number, until: number): Batch => {
  const entries: Array<Entry> = []
  const indexed: Array<{ key: number; seq: number }> = []
  let length = 0
  let next = after
  const add = (key: number, seq: number, text: string) => {
    const words = Array.from(wordsOf(text), ({ word }) => word).join(" ")
    length += text.length
    if (words !== "") entries.push({ key, seq, words })
  }

  for (const session of on.unindexed.all({ after, until, limit: maxSessions })) {
    const { indexed_seq: first, key, last_seq: last } = session
    if (first < 0) add(key, 0, nameOf(session))
    let reached = last
    for (const { parts, seq } of on.unindexedMessages.iterate({ key, after: Math.max(0, first), until: last })) {
      add(key, seq, searchText(parts))
      if (entries.length < maxMessages && length < maxLength) continue
      reached = seq
      break
    }
    indexed.push({ key, seq: reached })
    next = reached < last ? key - 1 : key
    if (reached < last || entries.length >= maxMessages || length >= maxLength) break
  }
  return { entries, indexed, next }
}

const nameOf = ({ description, name }: Unindexed): string => nameToSearch(name, description)

/** Pages that a step merges, in a transaction of its own. */
const mergePagesPurgeIndex = 16

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
    yield* merge(-mergePagesPurgeIndex)
    let steps = 1
    while (yield* merge(mergePagesPurgeIndex)) steps++
    return steps
  })
}

const changesOf = (on: SearchStatements): number => on.totalChanges.get()?.changes ?? 0
