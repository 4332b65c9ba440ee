import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AccessError } from "../../domain/error/SessionError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { SessionId } from "../../domain/Ids.js"
import type { Cursor } from "../../domain/Page.js"
import { encodeLine } from "../../domain/SessionLines.js"
import {
  type ExportSessions,
  type ImportOptions,
  type ImportOutcome,
  renumber,
  type SessionExport
} from "../../domain/Transfer.js"
import type { SessionStore } from "../SessionStore.js"
import { usageOfRecord } from "./usage.js"

/**
 * Complete records of matching sessions, newest first. Holds one record at a time, and skips sessions deleted meanwhile.
 */
export const exportSessions = (
  store: SessionStore["Type"],
  query: ExportSessions
): Stream.Stream<SessionExport, AccessError> =>
  Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
    Effect.map(
      store.list({ ...query, ...(Option.isSome(cursor) && { cursor: cursor.value }) }),
      ({ items, next }) => [Chunk.unsafeFromArray(items), Option.map(Option.fromNullable(next), Option.some)]
    )).pipe(
      Stream.mapEffect(({ id }) =>
        Effect.catchTag(Effect.asSome(store.export(id)), "SessionNotFound", () => Effect.succeedNone)
      ),
      Stream.filterMap((record) => record)
    )

/**
 * Stores a session and notifies hooks. `delivered` is the number of the session's first events that need no delivery.
 */
export type AddSession = <A, E>(
  id: SessionId,
  add: (delivered: 0 | 1) => Effect.Effect<A, E>
) => Effect.Effect<A, E>

/**
 * Restores a session unless it exists. An existing session is never changed; the outcome tells whether the record is the same.
 */
export const importSession = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  addSession: AddSession,
  record: SessionExport,
  { ids = "keep", namespace = defaultNamespace }: ImportOptions
) {
  const wanted = ids === "keep" ? record : renumber(record, namespace)
  const { session } = wanted

  const restore: Effect.Effect<ImportOutcome["outcome"], StoreError> = Effect.gen(function*() {
    const isNew = yield* addSession(
      session.id,
      (delivered) => store.restore(wanted, usageOfRecord(wanted), delivered)
    )
    if (isNew) return "imported" as const
    const isSame = Effect.zipWith(
      toComparableText(yield* store.export(session.id)),
      toComparableText(wanted),
      (stored, given) => stored === given
    )
    return (yield* isSame) ? "unchanged" as const : "conflict" as const
  }).pipe(
    // It was deleted meanwhile.
    Effect.catchTag("SessionNotFound", () => restore)
  )

  return { recordId: record.session.id, sessionId: session.id, outcome: yield* restore }
})

/** Namespace of renumbered ids. */
const defaultNamespace = "9c2b1f0e-5d5c-4b7a-8a43-3f1f2d6f4a10"

/** A record's text, to compare with another. Whether a session is idle does not count. */
const toComparableText = (record: SessionExport) => {
  const { session } = record
  return encodeLine({
    ...record,
    session: { ...session, status: session.status === "idle" ? "active" : session.status }
  })
}
