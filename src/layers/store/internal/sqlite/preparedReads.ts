import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionNotFound.js"
import type { SessionId } from "../../../../domain/SessionId.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { decodeRow } from "./decodeRow.js"
import { EventRow } from "./EventRow.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { hydratedEvent } from "./hydratedEvent.js"
import { idToColumn } from "./idToColumn.js"
import type { Statements } from "./prepareStatements.js"
import { renameColumns } from "./renameColumns.js"
import { TurnRow } from "./TurnRow.js"

const decodeTurns = decodeRow(Schema.Array(TurnRow))
const decodeEvents = decodeRow(Schema.Array(EventRow))

/**
 * The reads that sends and watchers wait for: prepared statements, on the connection that writes.
 */
export const preparedReads = (
  { read }: GroupCommitter<Statements>
): Pick<SessionStore["Type"], "events" | "turn" | "turnByKey"> => {
  const readOf = <A>(id: SessionId, find: (on: Statements) => A | undefined) =>
    Effect.flatMap(read(find), Either.fromNullable(() => new SessionNotFound({ sessionId: id })))

  const readTurn = (id: SessionId, find: (on: Statements) => object | undefined) =>
    readOf(id, (on) => {
      const turn = find(on)
      // A turn proves that there is the session it belongs to.
      return turn ? [turn] : on.session.get(id) && []
    }).pipe(
      Effect.flatMap((rows) => decodeTurns(renameColumns(rows))),
      Effect.map(([turn]) => Option.fromNullable(turn))
    )

  return {
    turn: (id, turnId) => readTurn(id, (on) => on.turn.get(id, idToColumn(turnId))),
    turnByKey: (id, key) => readTurn(id, (on) => on.turnByKey.get(id, idToColumn(key))),

    events: (id, number, limit) =>
      readOf(id, (on) => {
        const session = on.session.get(id)
        return session && on.events.all({ key: session.key, number, limit }).map((row) => hydratedEvent(session, row))
      }).pipe(Effect.flatMap(decodeEvents))
  }
}
