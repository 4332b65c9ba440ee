import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { setImmediate } from "node:timers"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { driverCode, retryWhileBusy, storeErrorFrom, storeErrorOrDie } from "./errors.js"

/**
 * One of the writes that share a transaction.
 */
export interface Write<Statements> {
  /** Makes its changes and notes its answer. False when the changes must be undone. Never throws. */
  readonly attempt: (statements: Statements) => boolean
}

/**
 * What became of a transaction. `Committed`: all writes have their answer. `Undone`: one write took the whole transaction
 * down, as a full disk does; only that one has its answer. `Refused`: nothing is stored. `InDoubt`: COMMIT failed, and what
 * it carried may be in the WAL. After `Refused` and `InDoubt` the connection may still hold a transaction, which closing it
 * rolls back.
 */
export type Outcome<W> =
  | { readonly _tag: "Committed" }
  | { readonly _tag: "Undone"; readonly by: W }
  | { readonly _tag: "Refused"; readonly error: unknown }
  | { readonly _tag: "InDoubt"; readonly error: unknown }

/**
 * Makes a function that runs writes in one transaction, each in a savepoint of its own, so that a write which fails takes
 * back no other.
 */
export const transactOn = <Statements>(db: Sqlite.Database, statements: Statements) => {
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const savepoint = db.prepare("SAVEPOINT one_write")
  const release = db.prepare("RELEASE one_write")
  const rollbackTo = db.prepare("ROLLBACK TO one_write")

  return <W extends Write<Statements>>(writes: ReadonlyArray<W>): Outcome<W> => {
    try {
      begin.run()
      for (const write of writes) {
        savepoint.run()
        if (!write.attempt(statements)) {
          if (!db.inTransaction) return { _tag: "Undone", by: write }
          rollbackTo.run()
        }
        release.run()
      }
    } catch (error) {
      return { _tag: "Refused", error }
    }
    try {
      commit.run()
      return { _tag: "Committed" }
    } catch (error) {
      return { _tag: isFull(error) ? "Refused" : "InDoubt", error }
    }
  }
}

/** Then COMMIT has failed while it wrote to the WAL, where the frame that makes a transaction count is the last one. */
const isFull = (error: unknown): boolean => Option.contains(driverCode(error), "SQLITE_FULL")

/**
 * Writes of all sessions, one transaction and one fsync for those that wait at the same moment.
 *
 * The one place below `@effect/sql`. Its client costs some 22 microseconds a statement and 100 a transaction: writing
 * through it, a prototype reached 35 % of what SQLite can do in groups, and 60 to 80 % in the manner of this file. It also
 * keeps using a connection whose COMMIT has failed, where every later write is acknowledged and lost.
 */

/** Few enough that a full transaction holds up the event loop for some milliseconds only. */
const maxWrites = 256

/**
 * `Statements` are prepared once for each connection and handed to every write.
 */
export interface GroupCommitter<Statements> {
  /** Whether the last transaction failed: the disk is full, say. */
  readonly isFailing: () => boolean

  /**
   * Runs `run` inside a transaction and answers once that is committed. A `Left` or a defect undoes what this `run` did and
   * nothing else. `run` must be synchronous, and may be run again when another write took its transaction down.
   *
   * Interrupting it takes the write back while it waits; once its transaction has begun it is left alone.
   */
  readonly write: <A, E = never>(
    run: (statements: Statements) => Either.Either<A, E>
  ) => Effect.Effect<A, E | StoreError>

  /**
   * Runs `run` at once, on the connection that writes. A transaction never outlives the event-loop turn it began in, so
   * `run` sees what is committed and nothing else. It must be synchronous, and must not write.
   */
  readonly read: <A>(run: (statements: Statements) => A) => Effect.Effect<A, StoreError>
}

interface Waiter<Statements> extends Write<Statements> {
  /** Resumes the writer: with the answer of its last attempt, unless there is another. */
  readonly resume: (instead?: Effect.Effect<never, StoreError>) => void
}

interface Connection<Statements> {
  readonly db: Sqlite.Database
  readonly statements: Statements
  readonly transact: (waiters: ReadonlyArray<Waiter<Statements>>) => Outcome<Waiter<Statements>>
}

/**
 * Starts with a first connection, and ends with what still waits, a checkpoint, and the connection closed.
 */
export const make = <Statements>({ connect, prepare }: {
  readonly connect: Effect.Effect<Sqlite.Database, StoreError>
  readonly prepare: (db: Sqlite.Database) => Statements
}): Effect.Effect<GroupCommitter<Statements>, StoreError, Scope.Scope> =>
  Effect.gen(function*() {
    const waiting = new Set<Waiter<Statements>>()
    let connection = Option.none<Connection<Statements>>()
    let flushDue = false
    let closed = false
    let failing = false

    const reconnect = Effect.uninterruptible(Effect.flatMap(connect, (db) =>
      Effect.sync(() => {
        const made = Option.getOrElse(connection, () => connectionOn(db, prepare))
        connection = Option.some(made)
        // Somebody else was at it too, and faster.
        if (made.db !== db) db.close()
        return made
      }).pipe(
        Effect.catchAllDefect((error) => Effect.sync(() => db.close()).pipe(Effect.zipRight(storeErrorOrDie(error))))
      )))

    const connected = Effect.suspend(() =>
      Option.match(connection, { onNone: () => reconnect, onSome: Effect.succeed })
    )

    const disconnect = () => {
      if (Option.isSome(connection)) connection.value.db.close()
      connection = Option.none()
    }

    const settle = (waiters: Iterable<Waiter<Statements>>, instead?: Effect.Effect<never, StoreError>) => {
      for (const waiter of waiters) {
        waiting.delete(waiter)
        waiter.resume(instead)
      }
    }

    /** One transaction. Fails, and leaves all waiting, when there can be none. */
    const flush: Effect.Effect<void, StoreError> = Effect.flatMap(
      connected,
      ({ db, transact }) => {
        const waiters = Arr.take(waiting, maxWrites)
        if (waiters.length === 0) return Effect.void
        const outcome = transact(waiters)
        failing = outcome._tag !== "Committed"
        switch (outcome._tag) {
          case "Committed":
            settle(waiters)
            return Effect.void
          case "Undone":
            disconnect()
            settle([outcome.by])
            return Effect.void
          case "InDoubt":
            disconnect()
            settle(waiters, new StoreError({ reason: "Unknown", detail: codeOf(outcome.error) }))
            return Effect.void
          case "Refused":
            if (db.inTransaction || !isBusy(outcome.error)) disconnect()
            return storeErrorOrDie(outcome.error)
        }
      }
    )

    const flushOrGiveUp = (flush: Effect.Effect<void, StoreError>) =>
      Effect.catchAllCause(flush, (cause) =>
        Effect.sync(() => {
          failing = true
          settle(waiting, Effect.failCause(cause))
        }))

    yield* Effect.acquireRelease(retryWhileBusy(reconnect), () =>
      Effect.sync(() => closed = true).pipe(
        Effect.zipRight(flushOrGiveUp(Effect.repeat(flush, { while: () => waiting.size > 0 }))),
        Effect.zipRight(
          Effect.ignore(Effect.try(() => Option.map(connection, ({ db }) => db.pragma("wal_checkpoint(TRUNCATE)"))))
        ),
        Effect.zipRight(Effect.sync(disconnect))
      ))

    // Closes before the connection does, so that nobody waits for a lock while it is being closed.
    const run = yield* FiberSet.makeRuntime<never>()

    const flushSoon = () => {
      if (flushDue || waiting.size === 0) return
      flushDue = true
      setImmediate(() => run(flushNow))
    }
    const flushNow = flushOrGiveUp(retryWhileBusy(flush)).pipe(
      Effect.zipRight(Effect.sync(() => {
        flushDue = false
        flushSoon()
      }))
    )

    return {
      isFailing: () => failing,

      write: <A, E = never>(run: (statements: Statements) => Either.Either<A, E>) =>
        Effect.async<A, E | StoreError>((resume) => {
          if (closed) return resume(isClosed())
          let answer: Effect.Effect<A, E | StoreError> = Effect.never
          const waiter: Waiter<Statements> = {
            attempt: (statements) => {
              try {
                const result = run(statements)
                answer = result
                return result._tag === "Right"
              } catch (error) {
                answer = storeErrorOrDie(error)
                return false
              }
            },
            resume: (instead) => resume(instead ?? answer)
          }
          waiting.add(waiter)
          flushSoon()
          return Effect.sync(() => waiting.delete(waiter))
        }),

      read: (run) => {
        const runOn = ({ statements }: Connection<Statements>) => {
          try {
            return Effect.succeed(run(statements))
          } catch (error) {
            return storeErrorOrDie(error)
          }
        }
        return Effect.suspend(() =>
          closed ? isClosed() : Option.match(connection, {
            onNone: () => Effect.flatMap(retryWhileBusy(connected), runOn),
            onSome: runOn
          })
        )
      }
    }
  })

const connectionOn = <Statements>(
  db: Sqlite.Database,
  prepare: (db: Sqlite.Database) => Statements
): Connection<Statements> => {
  const statements = prepare(db)
  return { db, statements, transact: transactOn(db, statements) }
}

const isClosed = () => new StoreError({ reason: "Unavailable", detail: "the store is closed" })

const isBusy = (error: unknown): boolean => Option.exists(storeErrorFrom(error), ({ reason }) => reason === "Busy")

const codeOf = (error: unknown): string => Option.getOrElse(driverCode(error), () => "COMMIT")
