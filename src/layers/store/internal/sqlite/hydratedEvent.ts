import * as Record from "effect/Record"
import { codes } from "./codes.js"
import { renameColumns } from "./renameColumns.js"

/**
 * A row of `events` with the columns of what it refers to: NULL where it does not.
 */
export interface EventRead {
  readonly number: number
  readonly tag: number
  readonly at: number
  readonly ref: number
  readonly detail: string | null
  readonly context: string | null
  readonly turn: string | Uint8Array | null
  readonly joined: string | Uint8Array | null
  readonly error: string | null
}

export interface SessionRead {
  readonly key: number
  readonly id: string
  readonly created_at: number
  readonly owner_epoch: number
  readonly last_seq: number
}

const tags = new Map<number, string>(Record.toEntries(codes.event).map(([tag, code]) => [code, tag]))

/**
 * What `EventRow` decodes: each column where the event has its field. A session is shown as it was when it was created: what
 * was configured since then stands in the event itself.
 */
export const hydratedEvent = (session: SessionRead, row: EventRead): object => ({
  _tag: tags.get(row.tag),
  sessionId: session.id,
  number: row.number,
  at: row.at,
  ...(row.tag === codes.event.SessionCreated && {
    session: {
      ...renamed(session),
      ...parsed(row.detail),
      cursor: null,
      status: "active",
      messageCount: row.ref,
      lastActivityAt: session.created_at
    }
  }),
  ...((row.tag === codes.event.MessageSent || row.tag === codes.event.MessageReceived) && {
    message: { ...renamed(row), sessionId: session.id }
  }),
  ...(row.tag === codes.event.SessionConfigured && parsed(row.detail)),
  to: row.ref,
  reason: row.detail,
  notice: row.detail,
  context: row.context,
  turnId: row.turn,
  into: row.joined,
  error: row.error
})

const renamed = (row: object) => renameColumns([row])[0]

const parsed = (detail: string | null): object => detail === null ? {} : JSON.parse(detail) as object
