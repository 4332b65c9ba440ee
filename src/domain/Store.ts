import * as Schema from "effect/Schema"
import { BackupName, SessionId, UserId } from "./Ids.js"
import { DateTimeFromInput, DurationFromInput } from "./Input.js"
import { SessionStatus } from "./Session.js"

/**
 * Which sessions to clean up: those that were last active before a moment, or rest for longer than so long. One of the two
 * must be given.
 */
export const CleanupSessions = Schema.Struct({
  olderThan: Schema.optionalWith(DurationFromInput, { exact: true }),
  before: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** Only those with this status; all unless told. */
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** `delete` unless told. */
  action: Schema.optionalWith(Schema.Literal("archive", "delete"), { exact: true }),
  /** How many at most, those that rest longest first. 1,000 unless told, 10,000 at most. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 10_000)), { exact: true }),
  /** Only tells which they are. */
  dryRun: Schema.optionalWith(Schema.Boolean, { exact: true })
}).pipe(
  Schema.filter(({ before, olderThan }) => (before === undefined) !== (olderThan === undefined), {
    message: () => "must have either olderThan or before"
  })
)
export interface CleanupSessions extends Schema.Schema.Type<typeof CleanupSessions> {}

/**
 * What a cleanup has done.
 */
export const CleanupOutcome = Schema.Struct({
  action: Schema.Literal("archive", "delete"),
  /** Those that were archived or deleted; with `dryRun`, those that would be. */
  sessions: Schema.Array(SessionId),
  /** Those that became active meanwhile, are gone, or cannot be used. */
  spared: Schema.Array(SessionId),
  /** Whether there may be others, which the limit has left. */
  more: Schema.Boolean
})
export interface CleanupOutcome extends Schema.Schema.Type<typeof CleanupOutcome> {}

/**
 * What an acknowledged commit survives. `memory`: nothing. `process`: a killed process. `disk`: a power cut.
 * `replicated`: the loss of a machine.
 */
export const Durability = Schema.Literal("memory", "process", "disk", "replicated")
export type Durability = typeof Durability.Type

const countErasureReceipt = Schema.NonNegativeInt

/**
 * What became of all that was stored of a user.
 */
export const ErasureReceipt = Schema.Struct({
  userId: UserId,
  at: Schema.DateTimeUtc,
  /** Sessions that were deleted. */
  sessions: countErasureReceipt,
  /** Messages that were removed, with what a search knew of them. */
  messages: countErasureReceipt,
  turns: countErasureReceipt,
  /** Messages that are still there, since sessions of other users share them. */
  sharedMessages: countErasureReceipt,
  /** Days whose figures no longer say whose they were. */
  rollupDays: countErasureReceipt,
  /** Copies of conversations that providers held. */
  providerCopies: Schema.Struct({
    removed: countErasureReceipt,
    /** Those that a provider has not removed; its log entry names each. */
    failed: countErasureReceipt
  })
})
export interface ErasureReceipt extends Schema.Schema.Type<typeof ErasureReceipt> {}

/**
 * How the runtime is.
 */
export const Health = Schema.Struct({
  status: Schema.Literal("ok", "degraded"),
  store: Schema.Struct({
    name: Schema.String,
    durability: Durability,
    ok: Schema.Boolean,
    sessions: Schema.NonNegativeInt,
    /** Bytes that the store takes in memory or on disk, as far as it knows. */
    bytes: Schema.NonNegativeInt,
    /** Events that hooks have given up on, to be replayed. */
    deadLetters: Schema.NonNegativeInt
  }),
  providers: Schema.Array(Schema.String),
  /** Sessions that have an actor now. */
  activeSessions: Schema.NonNegativeInt,
  /** Turns that are accepted and not ended. */
  openTurns: Schema.NonNegativeInt
})
export interface Health extends Schema.Schema.Type<typeof Health> {}

/**
 * A copy of all that a store holds, as it was at one moment.
 */
export const StoreBackup = Schema.Struct({
  name: BackupName,
  /** When it was complete. */
  at: Schema.DateTimeUtc,
  bytes: Schema.NonNegativeInt,
  /** Of the copy, in hexadecimal. */
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  sessions: Schema.NonNegativeInt,
  schemaVersion: Schema.NonNegativeInt
})
export interface StoreBackup extends Schema.Schema.Type<typeof StoreBackup> {}

/**
 * What an optimization has changed.
 */
export const StoreOptimization = Schema.Struct({
  /** Bytes that the store took before, and takes now. What others wrote meanwhile counts too. */
  bytesBefore: Schema.NonNegativeInt,
  bytesAfter: Schema.NonNegativeInt,
  /** Steps that it took to merge what full-text search is indexed by. */
  mergeSteps: Schema.NonNegativeInt
})
export interface StoreOptimization extends Schema.Schema.Type<typeof StoreOptimization> {}

const count = Schema.NonNegativeInt

/**
 * What a store holds, and what it takes.
 */
export const StoreStats = Schema.Struct({
  name: Schema.String,
  sessions: count,
  /** Each once, however many forks share it, rewound ones too. */
  messages: count,
  /** Bytes that it takes in all, in memory or on disk. */
  bytes: count,
  /** What only a database has. */
  database: Schema.optionalWith(
    Schema.Struct({
      schemaVersion: count,
      /** Bytes of them that are in the WAL. */
      walBytes: count,
      pageSize: count,
      pages: count,
      /** Pages that hold nothing, for what comes next. */
      freePages: count,
      /** Sessions with something that full-text search does not know yet. */
      unindexedSessions: count,
      /** The backups there are, the latest first. */
      backups: Schema.Array(StoreBackup)
    }),
    { exact: true }
  )
})
export interface StoreStats extends Schema.Schema.Type<typeof StoreStats> {}
