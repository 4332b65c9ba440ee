import * as Option from "effect/Option"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { driverCode } from "./driverCode.js"

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
