import type { SessionId } from "../../../domain/SessionId.js"

/**
 * The place that a session must have come to for these entries to go on with it; `undefined` when there are none. Throws when
 * they are not of one session or leave a gap: the owner has lost count.
 */
export const precedingPlace = <A extends { readonly sessionId: SessionId }>(
  sessionId: SessionId,
  entries: ReadonlyArray<A>,
  placeOf: (entry: A) => number
): number | undefined => {
  const first = entries[0]
  if (first === undefined) return undefined
  const start = placeOf(first)
  entries.forEach((entry, index) => {
    if (entry.sessionId !== sessionId || placeOf(entry) !== start + index) {
      throw new Error(`What a commit adds to session "${sessionId}" is not consecutive, or not of this session`)
    }
  })
  return start - 1
}
