import * as Schema from "effect/Schema"
import { BackupName, SessionId, UserId } from "./Ids.js"
import { Age, DateTimeFromInput } from "./Input.js"
import { SessionStatus } from "./Session.js"

/**
 * Which sessions to clean up: those without activity for longer than `olderThan`, or since `before`. Exactly one of the two is
 * required.
 */
export const CleanupSessions = Schema.Struct({
  olderThan: Schema.optionalWith(Age, { exact: true }),
  before: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** Default: any status. */
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** Default: `delete`. */
  action: Schema.optionalWith(Schema.Literal("archive", "delete"), { exact: true }),
  /** Sessions per cleanup, longest inactive first, at most 10,000. Default: 1000. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 10_000)), { exact: true }),
  /** Lists the sessions without changing them. Default: false. */
  dryRun: Schema.optionalWith(Schema.Boolean, { exact: true })
}).pipe(
  Schema.filter(({ before, olderThan }) => (before === undefined) !== (olderThan === undefined), {
    message: () => "must have either olderThan or before"
  })
)
export interface CleanupSessions extends Schema.Schema.Type<typeof CleanupSessions> {}

/**
 * Result of a cleanup.
 */
export const CleanupOutcome = Schema.Struct({
  action: Schema.Literal("archive", "delete"),
  /** Sessions that were archived or deleted, or with `dryRun` would be. */
  sessions: Schema.Array(SessionId),
  /** Sessions that were skipped: they became active, no longer exist, or are unavailable. */
  skipped: Schema.Array(SessionId),
  /** Whether more sessions may match, beyond the limit. */
  more: Schema.Boolean
})
export interface CleanupOutcome extends Schema.Schema.Type<typeof CleanupOutcome> {}

/**
 * What an acknowledged commit survives. `memory`: nothing. `process`: a killed process. `disk`: a power failure. `replicated`: the
 * loss of a machine.
 */
export const Durability = Schema.Literal("memory", "process", "disk", "replicated")
export type Durability = typeof Durability.Type

const countErasureReceipt = Schema.NonNegativeInt

/**
 * Result of erasing a user's data.
 */
export const ErasureReceipt = Schema.Struct({
  userId: UserId,
  at: Schema.DateTimeUtc,
  /** Deleted sessions. */
  sessions: countErasureReceipt,
  /** Removed messages, search index included. */
  messages: countErasureReceipt,
  turns: countErasureReceipt,
  /** Messages that remain because sessions of other users share them. */
  sharedMessages: countErasureReceipt,
  /** Days of usage figures that no longer name the user. */
  rollupDays: countErasureReceipt,
  /** Copies of conversations held by providers. */
  providerCopies: Schema.Struct({
    removed: countErasureReceipt,
    /** Copies that a provider did not remove. Each is in the log. */
    failed: countErasureReceipt
  })
})
export interface ErasureReceipt extends Schema.Schema.Type<typeof ErasureReceipt> {}

/**
 * What a server is doing, and what limits it.
 */
export const ServerStatus = Schema.Struct({
  connections: Schema.NonNegativeInt,
  /** Connections that have not made a call with the right token yet. */
  unauthorizedConnections: Schema.NonNegativeInt,
  /** Calls that run, without streams. */
  calls: Schema.NonNegativeInt,
  streams: Schema.NonNegativeInt,
  /** Connections whose clients do not read what they are sent. */
  blockedConnections: Schema.NonNegativeInt,
  /** The limits of `SessionServer.layer`, by name; durations in milliseconds. */
  limits: Schema.Record({ key: Schema.String, value: Schema.Number })
})
export interface ServerStatus extends Schema.Schema.Type<typeof ServerStatus> {}

/**
 * Whether a send would be stored now. `storage`: the store cannot write. `stopping`, `starting`: the runtime or its server takes no
 * sends yet, or no more.
 */
export const Readiness = Schema.Literal("ready", "storage", "stopping", "starting")
export type Readiness = typeof Readiness.Type

/**
 * Health of the runtime.
 */
export const Health = Schema.Struct({
  status: Schema.Literal("ok", "degraded"),
  readiness: Readiness,
  store: Schema.Struct({
    name: Schema.String,
    durability: Durability,
    ok: Schema.Boolean,
    sessions: Schema.NonNegativeInt,
    /** Bytes used in memory or on disk, as far as known. */
    bytes: Schema.NonNegativeInt,
    /** Events that hooks failed to handle and that can be replayed. */
    deadLetters: Schema.NonNegativeInt
  }),
  providers: Schema.Array(Schema.String),
  /** Sessions with a running actor. */
  activeSessions: Schema.NonNegativeInt,
  /** Turns that are accepted and have not ended. */
  openTurns: Schema.NonNegativeInt,
  /** Only from a server. */
  server: Schema.optionalWith(ServerStatus, { exact: true })
})
export interface Health extends Schema.Schema.Type<typeof Health> {}

/**
 * A consistent copy of a whole store.
 */
export const StoreBackup = Schema.Struct({
  name: BackupName,
  /** Time of completion. */
  at: Schema.DateTimeUtc,
  bytes: Schema.NonNegativeInt,
  /** Hash of the copy, in hexadecimal. */
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  sessions: Schema.NonNegativeInt,
  schemaVersion: Schema.NonNegativeInt
})
export interface StoreBackup extends Schema.Schema.Type<typeof StoreBackup> {}

/**
 * Result of an optimization.
 */
export const StoreOptimization = Schema.Struct({
  /** Size of the store before and after, including concurrent writes. */
  bytesBefore: Schema.NonNegativeInt,
  bytesAfter: Schema.NonNegativeInt,
  /** Merge steps of the full-text index. */
  mergeSteps: Schema.NonNegativeInt
})
export interface StoreOptimization extends Schema.Schema.Type<typeof StoreOptimization> {}

const count = Schema.NonNegativeInt

/**
 * Contents and size of a store.
 */
export const StoreStats = Schema.Struct({
  name: Schema.String,
  sessions: count,
  /** Messages, rewound ones included. One shared by forks counts once. */
  messages: count,
  /** Total bytes, in memory or on disk. */
  bytes: count,
  /** Present for a database. */
  database: Schema.optionalWith(
    Schema.Struct({
      schemaVersion: count,
      /** The part of `bytes` in the WAL. */
      walBytes: count,
      pageSize: count,
      pages: count,
      /** Unused pages, available for new data. */
      freePages: count,
      /** Sessions with content that is not in the full-text index yet. */
      unindexedSessions: count,
      /** Existing backups, latest first. */
      backups: Schema.Array(StoreBackup)
    }),
    { exact: true }
  )
})
export interface StoreStats extends Schema.Schema.Type<typeof StoreStats> {}
