import * as Schema from "effect/Schema"
import { Epoch, SessionId } from "../Ids.js"
import { errorFields } from "./RequestError.js"

/**
 * The store does not have this optional capability.
 */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", {
  ...errorFields("not_supported"),
  capability: Schema.Literal("search", "optimize", "stats", "backup")
}) {
  override get message(): string {
    return `The store does not support ${this.capability}: use one that does, such as SqliteSessionStore`
  }
}

/**
 * A later owner has opened the session, so this one may no longer write.
 */
export class OwnershipLost extends Schema.TaggedError<OwnershipLost>()("OwnershipLost", {
  ...errorFields("ownership_lost"),
  sessionId: SessionId,
  epoch: Epoch
}) {
  override get message(): string {
    return `Ownership ${this.epoch} of session "${this.sessionId}" was taken over by a later one`
  }
}

/**
 * What to do about a failed store, by reason.
 */
const advice = {
  Busy: "another process holds the database; try again",
  Corrupt: "the database is damaged; restore a backup, or recover readable data with sqlite3's .recover",
  Foreign:
    "no version of this package makes such a schema, so nothing was changed; choose another file, or restore a backup",
  Full: "there is no space left; free some, or raise maxSessions",
  Io: "reading or writing failed; check the disk",
  LockDamaged:
    "this file is damaged and holds no data; stop all processes that use the database, then delete this file",
  Locked: "another process has the database open; stop that one first",
  ReadOnly: "the database cannot be written; check its permissions",
  TooNew: "the database was written by a newer version; upgrade",
  Unavailable: "the database cannot be opened or reached",
  Unknown: "the commit may or may not have happened; read before sending again"
}

/**
 * The storage failed. With the reason `Unknown` a commit was in progress, and its changes may or may not be stored; with any other
 * reason nothing was stored. `detail` is the driver's code, such as `SQLITE_FULL`, the process that has a `Locked` database open,
 * such as `pid 4711`, or the first difference of a `Foreign` schema. When a database is opened, the name of the file precedes it.
 */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  ...errorFields("store"),
  reason: Schema.Literal(
    "Busy",
    "Corrupt",
    "Foreign",
    "Full",
    "Io",
    "LockDamaged",
    "Locked",
    "ReadOnly",
    "TooNew",
    "Unavailable",
    "Unknown"
  ),
  detail: Schema.String
}) {
  override get message(): string {
    return `The store failed (${this.detail}): ${advice[this.reason]}`
  }
}
