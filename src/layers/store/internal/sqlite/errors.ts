import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { StoreError } from "../../../../domain/error/StoreError.js"

/**
 * The code of an error of SQLite or the file system, such as `SQLITE_FULL` or `EACCES`, also when libraries have wrapped it.
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
 * Retries for up to 5 seconds while another process holds the database. SQLite's own busy timeout would block the event loop.
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
 * The `StoreError` for an error of the storage. None for any other error, such as a violated constraint, which is a defect.
 */
export const storeErrorFrom = (error: unknown): Option.Option<StoreError> =>
  error instanceof StoreError
    ? Option.some(error)
    : Option.flatMap(driverCode(error), (code) =>
      Option.map(
        Option.fromNullable(reasons.get(primaryCode(code))),
        (reason) => new StoreError({ reason, detail: code })
      ))

/** The primary code of an extended one: `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`. */
const primaryCode = (code: string): string => /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code

/**
 * Fails with the `StoreError` for an error of the storage, and dies with any other error.
 */
export const storeErrorOrDie = (error: unknown): Effect.Effect<never, StoreError> =>
  Option.match(storeErrorFrom(error), { onNone: () => Effect.die(error), onSome: Effect.fail })
