import * as Effect from "effect/Effect"
import type { AccessError } from "../../domain/error/AccessError.js"
import type { ImportOptions, ImportOutcome } from "../../domain/ImportSession.js"
import { type ImportPart, maxPartLength } from "../../rpc/ImportPart.js"
import type { IdGenerator } from "../../services/IdGenerator.js"

/**
 * Sends a session in pieces that each fit into a call. Run again, it begins again: what was imported already is unchanged then.
 */
export const sendParts = Effect.fnUntraced(function*(
  ids: IdGenerator["Type"],
  text: string,
  options: ImportOptions,
  send: (part: ImportPart) => Effect.Effect<ImportOutcome | null, AccessError>
) {
  const upload = yield* ids.sessionId
  for (let index = 0;; index++) {
    const start = index * maxPartLength
    const last = start + maxPartLength >= text.length
    const outcome = yield* send({ upload, index, text: text.slice(start, start + maxPartLength), last, options })
    if (outcome !== null) return outcome
    if (last) return yield* Effect.dieMessage("The server takes the last piece of a session for another one")
  }
})
