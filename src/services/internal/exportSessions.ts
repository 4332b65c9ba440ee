import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Cursor } from "../../domain/Cursor.js"
import type { AccessError } from "../../domain/error/AccessError.js"
import type { ExportSessions } from "../../domain/ExportSessions.js"
import type { SessionExport } from "../../domain/SessionExport.js"
import type { SessionStore } from "../SessionStore.js"

/**
 * The sessions that match, whole, newest first. One is held at a time; those that are deleted meanwhile are left out.
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
