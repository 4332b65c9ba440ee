import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { Durability } from "../../../../domain/Store.js"
import { SessionStore } from "../../../../services/SessionStore.js"
import { analyticsQueries } from "./analytics.js"
import { ownerOperations } from "./commit.js"
import { contextQueries, type ContextStatements, prepareContexts } from "./contexts.js"
import { createOperations } from "./create.js"
import { type CopyStatements, prepareCopies } from "./databaseCopy.js"
import { deadLetterOperations, type DeadLetterStatements, prepareDeadLetters } from "./deadLetters.js"
import { eventQueries, type EventStatements, prepareEvents } from "./events.js"
import { exportOperations } from "./exports.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { type HighWaterStatements, keepHighWater, prepareHighWater } from "./highWater.js"
import { type IndexStatements, keepIndexed, prepareIndex, purgeIndex } from "./indexer.js"
import {
  emptyWal,
  healthQueries,
  maintenanceOperations,
  type MaintenanceStatements,
  prepareMaintenance
} from "./maintenance.js"
import { messageQueries, type MessageStatements, prepareMessages } from "./messages.js"
import { dropRestorations, prepareRestorations, type RestorationStatements, restoreOperations } from "./restore.js"
import { prepareRollups, rollupOperations, type RollupStatements } from "./rollups.js"
import { searchMessages } from "./search.js"
import { prepareSegments, type SegmentStatements } from "./segments.js"
import { sessionQueries } from "./sessionQueries.js"
import { prepareSessions, type SessionStatements } from "./sessions.js"
import { prepareTurns, turnQueries, type TurnStatements } from "./turns.js"
import { makeWritableCheck } from "./writable.js"

interface OpenDatabase {
  readonly filename: string
  readonly durability: Durability
  /** The directory of backups. */
  readonly backups: string
  /** False when a page is damaged. */
  readonly isIntact: boolean
  /** The connection that reads. */
  readonly sql: SqlClient
  /** The connection that writes. */
  readonly committer: GroupCommitter<Statements>
}

/**
 * Assembles the port from its subjects, over an open database of the newest schema.
 */
export const makeStore = (
  { backups, committer, durability, filename, isIntact, sql }: OpenDatabase
): Effect.Effect<SessionStore["Type"], StoreError, FileSystem | Path | Scope.Scope> =>
  Effect.gen(function*() {
    yield* dropRestorations(committer)
    yield* keepHighWater(filename, committer)
    const index = yield* keepIndexed(committer)

    const { health } = healthQueries(sql, durability)

    return SessionStore.of({
      durability,
      ...createOperations(committer, index.wake),
      ...restoreOperations(committer, index.wake),
      ...ownerOperations(committer, index.wake),
      ...sessionQueries(sql),
      ...contextQueries(sql),
      ...messageQueries(sql),
      ...turnQueries(sql, committer),
      ...eventQueries(committer),
      ...analyticsQueries(sql),
      ...rollupOperations(committer),
      ...deadLetterOperations(sql, committer),
      ...(yield* exportOperations(filename)),
      search: searchMessages(sql, index.catchUp),
      purge: Effect.zipRight(purgeIndex(committer, index), emptyWal(committer)),
      maintenance: yield* maintenanceOperations(committer, index, { filename, directory: backups }),
      checkWritable: makeWritableCheck(committer),
      health: Effect.map(health, (health) => ({ ...health, ok: health.ok && isIntact && !committer.isFailing() }))
    })
  })

interface Statements
  extends
    ContextStatements,
    CopyStatements,
    DeadLetterStatements,
    EventStatements,
    HighWaterStatements,
    IndexStatements,
    MaintenanceStatements,
    MessageStatements,
    RestorationStatements,
    RollupStatements,
    SegmentStatements,
    SessionStatements,
    TurnStatements
{}

/**
 * Prepares every statement that runs on the connection that writes. Each such connection has its own.
 */
export const prepareStatements = (db: Sqlite.Database): Statements => ({
  ...prepareSessions(db),
  ...prepareContexts(db),
  ...prepareSegments(db),
  ...prepareMessages(db),
  ...prepareTurns(db),
  ...prepareEvents(db),
  ...prepareRollups(db),
  ...prepareDeadLetters(db),
  ...prepareRestorations(db),
  ...prepareIndex(db),
  ...prepareHighWater(db),
  ...prepareMaintenance(db),
  ...prepareCopies(db)
})
