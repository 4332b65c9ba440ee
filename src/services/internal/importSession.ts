import * as Effect from "effect/Effect"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { ImportOptions, ImportOutcome } from "../../domain/ImportSession.js"
import { renumber } from "../../domain/renumber.js"
import type { SessionExport } from "../../domain/SessionExport.js"
import { encodeLine } from "../../domain/SessionLines.js"
import type { SessionStore } from "../SessionStore.js"
import type { AddSession } from "./AddSession.js"
import { usageOfRecord } from "./usageOfRecord.js"

/** Where renumbered ids come from unless told. */
const defaultNamespace = "9c2b1f0e-5d5c-4b7a-8a43-3f1f2d6f4a10"

/**
 * Restores a session that is not there yet. One that is there is never touched.
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
      textOf(yield* store.export(session.id)),
      textOf(wanted),
      (there, here) => there === here
    )
    return (yield* isSame) ? "unchanged" as const : "conflict" as const
  }).pipe(
    // It was deleted in between.
    Effect.catchTag("SessionNotFound", () => restore)
  )

  return { recordId: record.session.id, sessionId: session.id, outcome: yield* restore }
})

/** To rest or to wake changes nothing of a session. */
const textOf = (record: SessionExport) => {
  const { session } = record
  return encodeLine({
    ...record,
    session: { ...session, status: session.status === "idle" ? "active" : session.status }
  })
}
