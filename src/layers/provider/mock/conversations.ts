import * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { SessionId } from "../../../domain/Ids.js"
import { ProviderEvent, type ProviderRequest } from "../../../services/Provider.js"

/**
 * The conversations that a mock claims to hold. It keeps only their cursors, and always answers from the request.
 */
export interface Conversations {
  /** Adds the cursor to a reply's `Finished`, and a `HistoryReplayed` notice when the known conversation no longer exists. */
  readonly hold: (
    request: ProviderRequest,
    model: string,
    reply: Stream.Stream<ProviderEvent, ProviderError>
  ) => Stream.Stream<ProviderEvent, ProviderError>
  /** Drops all conversations. */
  readonly expire: () => void
  readonly forget: (cursor: string) => void
  readonly forgotten: () => ReadonlyArray<string>
}

export const makeConversations = (provider: string): Conversations => {
  const forgotten: Array<string> = []
  const sinceExpiry = new Set<string>()
  let expiries = 0

  const isThere = (cursor: string) => !forgotten.includes(cursor) && (expiries === 0 || sinceExpiry.has(cursor))

  const next = (sessionId: SessionId) => {
    const prefix = `${provider}-${sessionId}-`
    return `${prefix}${expiries + forgotten.filter((cursor) => cursor.startsWith(prefix)).length + 1}`
  }

  return {
    hold: ({ hold, sessionId }, model, reply) => {
      if (hold === undefined) return reply
      const known = hold.known?.cursor
      const isGone = known !== undefined && !isThere(known)
      const cursor = known === undefined || isGone ? next(sessionId) : known
      const held = Stream.map(reply, (event) => {
        if (event._tag !== "Finished") return event
        const finished = { cursor, ...event }
        sinceExpiry.add(finished.cursor)
        return finished
      })
      return isGone
        ? Stream.concat(
          Stream.succeed(ProviderEvent.Notice({ notice: { _tag: "HistoryReplayed", provider, model } })),
          held
        )
        : held
    },
    expire: () => {
      expiries += 1
      sinceExpiry.clear()
    },
    forget: (cursor) => void forgotten.push(cursor),
    forgotten: () => [...forgotten]
  }
}
