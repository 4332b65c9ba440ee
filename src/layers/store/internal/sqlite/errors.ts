import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { StoreError } from "../../../../domain/error/StoreError.js"

/**
 * The code that SQLite or the file system gave an error, such as `SQLITE_FULL` or `EACCES`, however many errors of
 * libraries are wrapped around it.
 */
export const driverCode = (error: unknown): Option.Option<string> => {
  if (Predicate.hasProperty(error, "code") && Predicate.isString(error.code)) return Option.some(error.code)
  return Predicate.hasProperty(error, "cause") ? driverCode(error.cause) : Option.none()
}

const for5Seconds = Schedule.exponential("1 millis").pipe(
  Schedule.union(Schedule.spaced("50 millis")),
  Schedule.upTo("5 seconds")
)

/**
 * Waits for up to 5 seconds while another process holds the database. SQLite's own busy timeout would do the same by
 * putting the whole process to sleep.
 */
export const retryWhileBusy = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E | StoreError, R>
): Effect.Effect<A, E | StoreError, R> => Effect.retry(effect, { while: isBusy, schedule: for5Seconds })

const isBusy = (error: { readonly _tag: string; readonly reason?: unknown }): boolean =>
  error._tag === "StoreError" && error.reason === "Busy"

const reasons: ReadonlyMap<string, StoreError["reason"]> = new Map([
  ["SQLITE_AUTH", "ReadOnly"],
  ["SQLITE_BUSY", "Busy"],
  ["SQLITE_CANTOPEN", "Unavailable"],
  ["SQLITE_CORRUPT", "Corrupt"],
  ["SQLITE_FULL", "Full"],
  ["SQLITE_IOERR", "Io"],
  ["SQLITE_LOCKED", "Busy"],
  ["SQLITE_NOMEM", "Unavailable"],
  ["SQLITE_NOTADB", "Corrupt"],
  ["SQLITE_PERM", "ReadOnly"],
  ["SQLITE_PROTOCOL", "Busy"],
  ["SQLITE_READONLY", "ReadOnly"],
  ["EACCES", "ReadOnly"],
  ["EDQUOT", "Full"],
  ["EEXIST", "Unavailable"],
  ["EIO", "Io"],
  ["EISDIR", "Unavailable"],
  ["ELOOP", "Unavailable"],
  ["EMFILE", "Unavailable"],
  ["ENAMETOOLONG", "Unavailable"],
  ["ENFILE", "Unavailable"],
  ["ENOENT", "Unavailable"],
  ["ENOSPC", "Full"],
  ["ENOTDIR", "Unavailable"],
  ["EPERM", "ReadOnly"],
  ["EROFS", "ReadOnly"]
])

/**
 * What went wrong with the storage; none when the error is not the storage's but a mistake of ours, as a violated
 * constraint is.
 */
export const storeErrorFrom = (error: unknown): Option.Option<StoreError> =>
  error instanceof StoreError
    ? Option.some(error)
    : Option.flatMap(driverCode(error), (code) =>
      Option.map(
        Option.fromNullable(reasons.get(primaryCode(code))),
        (reason) => new StoreError({ reason, detail: code })
      ))

/** `SQLITE_IOERR` of the extended `SQLITE_IOERR_WRITE`. */
const primaryCode = (code: string): string => /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code

/**
 * Fails with what is wrong with the storage, and dies of anything else.
 */
export const storeErrorOrDie = (error: unknown): Effect.Effect<never, StoreError> =>
  Option.match(storeErrorFrom(error), { onNone: () => Effect.die(error), onSome: Effect.fail })

/**
 * What a statement of `@effect/sql` answers. Waits while another process holds the database.
 */
export const readRows = (
  statement: Effect.Effect<ReadonlyArray<object>, SqlError>
): Effect.Effect<ReadonlyArray<object>, StoreError> => retryWhileBusy(Effect.catchAll(statement, storeErrorOrDie))
