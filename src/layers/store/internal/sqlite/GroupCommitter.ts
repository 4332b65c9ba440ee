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
 * Commits the writes of all sessions: those that wait at the same moment share one transaction and one fsync. `Statements` are
 * prepared once for each connection and passed to every write.
 *
 * This is the one module that bypasses `@effect/sql`. Its client costs about 22 microseconds a statement and 100 a
 * transaction: a prototype reached 35 % of SQLite's limit for grouped writes through it, and 60 to 80 % without it. The client
 * also keeps using a connection whose COMMIT has failed, on which every later write is acknowledged and lost.
 */
export interface GroupCommitter<Statements> {
  /** Whether the last transaction failed, for example because the disk is full. */
  readonly isFailing: () => boolean

  /**
   * Runs `run` inside a transaction and returns once it is committed. A `Left` or a defect undoes this `run` and no other.
   * `run` must be synchronous. It may run again when another write fails the whole transaction.
   *
   * Interruption withdraws a write that waits. Once its transaction has begun, the write completes.
   */
  readonly write: <A, E = never>(
    run: (statements: Statements) => Either.Either<A, E>
  ) => Effect.Effect<A, E | StoreError>

  /**
   * Runs `run` at once, on the connection that writes. A transaction never outlives its event-loop turn, so `run` reads
   * committed data only. It must be synchronous, and must not write.
   */
  readonly read: <A>(run: (statements: Statements) => A) => Effect.Effect<A, StoreError>
}

/** The most writes of one transaction, so that it blocks the event loop for some milliseconds only. */
const maxWrites = 256

/**
 * Makes a committer with a first connection. When the scope closes, it commits what still waits, checkpoints the WAL and
 * closes the connection.
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
        // Another fiber may have connected in the meantime.
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

    /** Runs one transaction. When it cannot begin, this fails and all writes keep waiting. */
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

    const flushOrFailAll = (flush: Effect.Effect<void, StoreError>) =>
      Effect.catchAllCause(flush, (cause) =>
        Effect.sync(() => {
          failing = true
          settle(waiting, Effect.failCause(cause))
        }))

    yield* Effect.acquireRelease(retryWhileBusy(reconnect), () =>
      Effect.sync(() => closed = true).pipe(
        Effect.zipRight(flushOrFailAll(Effect.repeat(flush, { while: () => waiting.size > 0 }))),
        Effect.zipRight(
          Effect.ignore(Effect.try(() => Option.map(connection, ({ db }) => db.pragma("wal_checkpoint(TRUNCATE)"))))
        ),
        Effect.zipRight(Effect.sync(disconnect))
      ))

    // Closes before the connection does, so that no flush waits for a lock while the connection closes.
    const run = yield* FiberSet.makeRuntime<never>()

    const flushSoon = () => {
      if (flushDue || waiting.size === 0) return
      flushDue = true
      setImmediate(() => run(flushNow))
    }
    const flushNow = flushOrFailAll(retryWhileBusy(flush)).pipe(
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
                return result._tag === "Right" ? "made" : "failed"
              } catch (error) {
                answer = storeErrorOrDie(error)
                return isCorrupt(error) ? "damaged" : "failed"
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

interface Waiter<Statements> extends Write<Statements> {
  /** Resumes the writer, with the result of its last attempt by default. */
  readonly resume: (instead?: Effect.Effect<never, StoreError>) => void
}

interface Connection<Statements> {
  readonly db: Sqlite.Database
  readonly statements: Statements
  readonly transact: (waiters: ReadonlyArray<Waiter<Statements>>) => Outcome<Waiter<Statements>>
}

const connectionOn = <Statements>(
  db: Sqlite.Database,
  prepare: (db: Sqlite.Database) => Statements
): Connection<Statements> => {
  const statements = prepare(db)
  return { db, statements, transact: transactOn(db, statements) }
}

/**
 * A write within a transaction.
 */
interface Write<Statements> {
  /**
   * Makes the changes and keeps the result. Never throws. `failed`: the changes must be undone. `damaged`: the write met a
   * damaged page, after which SQLite commits nothing of the transaction.
   */
  readonly attempt: (statements: Statements) => "made" | "failed" | "damaged"
}

/**
 * The outcome of a transaction.
 *
 * - `Committed`: all writes have their result.
 * - `Undone`: one write undid the whole transaction, since it filled the disk or met a damaged page. Only that write has its
 *   result.
 * - `Refused`: nothing is stored.
 * - `InDoubt`: COMMIT failed, and the WAL may hold the changes.
 *
 * Except after `Committed` the connection may still be in a transaction, which closing it rolls back.
 */
type Outcome<W> =
  | { readonly _tag: "Committed" }
  | { readonly _tag: "Undone"; readonly by: W }
  | { readonly _tag: "Refused"; readonly error: unknown }
  | { readonly _tag: "InDoubt"; readonly error: unknown }

/**
 * Makes a function that runs writes in one transaction. Each write has its own savepoint, so a failed write undoes no other.
 */
const transactOn = <Statements>(db: Sqlite.Database, statements: Statements) => {
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
        const result = write.attempt(statements)
        if (result !== "made") {
          if (result === "damaged" || !db.inTransaction) return { _tag: "Undone", by: write }
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

/** A full disk stops COMMIT while it writes to the WAL, before the last frame, which is what commits the transaction. */
const isFull = (error: unknown): boolean => Option.contains(driverCode(error), "SQLITE_FULL")

const isCorrupt = (error: unknown): boolean =>
  Option.exists(driverCode(error), (code) => code.startsWith("SQLITE_CORRUPT"))

const isClosed = () => new StoreError({ reason: "Unavailable", detail: "the store is closed" })

const isBusy = (error: unknown): boolean => Option.exists(storeErrorFrom(error), ({ reason }) => reason === "Busy")

const codeOf = (error: unknown): string => Option.getOrElse(driverCode(error), () => "COMMIT")
