import type Sqlite from "better-sqlite3"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { Part } from "../../../../domain/Message.js"
import { nameToSearch, textToSearch, toWords } from "../../../../domain/SearchWords.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { partsColumn } from "./messages.js"

/** Limits of one batch, which is prepared and committed in one go. */
const maxSessions = 64
const maxMessages = 64
const maxLength = 64 * 1024

/** Pages that one step of a merge writes. */
const mergePages = 16

/** How long commits are collected before they are indexed. */
const delay = "200 millis"

/** The words of a message, or those of a session's name under the `seq` 0. */
interface Entry {
  readonly key: number
  readonly seq: number
  readonly words: string
}

/** Entries to write, and the `seq` up to which each session is indexed by them. */
interface Batch {
  readonly entries: ReadonlyArray<Entry>
  readonly indexed: ReadonlyArray<{ readonly key: number; readonly seq: number }>
  /** The next batch starts after this session key. */
  readonly next: number
}

export interface Indexer {
  /** Signals that something was committed. */
  readonly wake: Effect.Effect<void>
  /** Indexes everything committed before this call. */
  readonly catchUp: Effect.Effect<void, StoreError>
}

/**
 * Indexes messages and session names for search, in batches, some time after their commit: indexing within each commit would
 * cost as much as the commit. `indexed_seq` of a session records how far its index has come, so that nothing is lost when the
 * process ends.
 */
export const keepIndexed = (
  committer: GroupCommitter<IndexStatements>
): Effect.Effect<Indexer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const oneAtATime = yield* Effect.makeSemaphore(1)
    let called = yield* Deferred.make<void>()

    /** Goes through the keys once, up to the last one of now, so that new commits do not prolong it. */
    const catchUp = oneAtATime.withPermits(1)(Effect.gen(function*() {
      // The remaining space is reserved for commits, and only a commit shows whether writes succeed again.
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
      // A failed batch is retried after the next commit. A full disk is reported to those who commit.
      yield* Effect.catchAll(catchUp, (error) => Effect.logDebug("Search cannot be kept up to date", error))
    }).pipe(Effect.forever, Effect.forkScoped)

    const wake = Effect.suspend(() => Deferred.succeed(called, undefined))
    yield* wake
    return { wake: Effect.asVoid(wake), catchUp }
  })

interface Unindexed {
  readonly key: number
  readonly indexed_seq: number
  readonly last_seq: number
  readonly name: string | null
  readonly description: string | null
}

export interface IndexStatements {
  readonly lastUnindexed: Sqlite.Statement<[], { key: number | null }>
  readonly unindexed: Sqlite.Statement<[{ after: number; until: number; limit: number }], Unindexed>
  readonly unindexedMessages: Sqlite.Statement<
    [{ key: number; after: number; until: number }],
    { seq: number; parts: string }
  >
  readonly indexMessage: Sqlite.Statement<[Entry]>
  readonly indexName: Sqlite.Statement<[Omit<Entry, "seq">]>
  readonly setIndexed: Sqlite.Statement<[{ key: number; seq: number }]>
  readonly mergeIndex: Sqlite.Statement<[pages: number]>
  readonly totalChanges: Sqlite.Statement<[], { changes: number }>
}

/**
 * Prepares the statements of the search index. What is removed before it is indexed is skipped.
 */
export const prepareIndex = (db: Sqlite.Database): IndexStatements => ({
  lastUnindexed: db.prepare(`
    SELECT max(key) AS key FROM sessions INDEXED BY sessions_unindexed WHERE indexed_seq < last_seq`),

  unindexed: db.prepare(`
    SELECT key, indexed_seq, last_seq, json_extract(config, '$.name') AS name,
      json_extract(config, '$.description') AS description
    FROM sessions INDEXED BY sessions_unindexed
    WHERE indexed_seq < last_seq AND key > @after AND key <= @until ORDER BY key LIMIT @limit`),

  unindexedMessages: db.prepare(`
    SELECT seq, parts FROM messages WHERE session_key = @key AND seq > @after AND seq <= @until ORDER BY seq`),

  indexMessage: db.prepare(`
    INSERT INTO message_search (rowid, words) SELECT @key << 31 | @seq, @words
    WHERE EXISTS (SELECT 1 FROM messages WHERE session_key = @key AND seq = @seq)`),

  indexName: db.prepare(`
    INSERT INTO message_search (rowid, words) SELECT @key << 31, @words
    WHERE EXISTS (SELECT 1 FROM sessions WHERE key = @key)`),

  setIndexed: db.prepare(`UPDATE sessions SET indexed_seq = @seq WHERE key = @key`),

  mergeIndex: db.prepare(`INSERT INTO message_search (message_search, rank) VALUES ('merge', ?)`),

  totalChanges: db.prepare(`SELECT total_changes() AS changes`)
})

/** Indexes a batch of the sessions after a key. Returns the key to continue after; undefined when nothing is left. */
const indexNext = (committer: GroupCommitter<IndexStatements>, after: number, until: number) =>
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

const nextBatch = (on: IndexStatements, after: number, until: number): Batch => {
  const entries: Array<Entry> = []
  const indexed: Array<{ key: number; seq: number }> = []
  let length = 0
  let next = after
  const add = (key: number, seq: number, text: string) => {
    const words = Array.from(toWords(text), ({ word }) => word).join(" ")
    length += text.length
    if (words !== "") entries.push({ key, seq, words })
  }

  for (const session of on.unindexed.all({ after, until, limit: maxSessions })) {
    const { indexed_seq: first, key, last_seq: last } = session
    if (first < 0) add(key, 0, nameToSearch(session.name, session.description))
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

const decodeParts = Schema.decodeEither(partsColumn)
const nothing: ReadonlyArray<Part> = []

/**
 * The text that search indexes of a column of parts. A damaged column counts as empty here; reading its message reports it.
 */
export const searchText = (column: string): string => textToSearch(Either.getOrElse(decodeParts(column), () => nothing))

/**
 * Merges the full-text index into one segment, in steps between which others commit. Returns the number of steps. Before
 * this, words of removed messages remain in the index, marked as deleted.
 */
export const purgeIndex = (
  committer: GroupCommitter<IndexStatements>,
  { catchUp }: Pick<Indexer, "catchUp">
): Effect.Effect<number, StoreError> => {
  /** Returns whether there was something to merge. FTS5 counts one change for the request itself. */
  const merge = (pages: number) =>
    committer.write((on) => {
      const before = changesOf(on)
      on.mergeIndex.run(pages)
      return Either.right(changesOf(on) - before > 1)
    })

  return Effect.gen(function*() {
    yield* catchUp
    // A negative number starts a merge of all segments, even of a single one.
    yield* merge(-mergePages)
    let steps = 1
    while (yield* merge(mergePages)) steps++
    return steps
  })
}

const changesOf = (on: IndexStatements): number => on.totalChanges.get()?.changes ?? 0
