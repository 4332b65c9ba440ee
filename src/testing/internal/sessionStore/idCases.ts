import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { SessionEvent } from "../../../domain/Events.js"
import { IdempotencyKey, MessageId, TurnId } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { eventOf, messageOf, ownSession, turnOf } from "./samples.js"
import { assertSame, conformanceCase } from "./suite.js"

const uuid = "0190a6b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"

/** Ids as `IdGenerator` makes them, and similar ones that a store with a compact form of those could confuse. */
const names = [uuid, uuid.toUpperCase(), uuid.replaceAll("-", ""), `${uuid}-1`, `1${uuid}`, "plain"]

/**
 * Ids of any form are kept exactly.
 */
export const idCases = [
  conformanceCase(
    "distinguishes ids and keys of any valid form",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const messages = names.map((name, index) =>
        messageOf(id, index + 1, { id: MessageId.make(name), turnId: TurnId.make(name) })
      )
      const turns = names.map((name, index) =>
        turnOf(id, index + 1, {
          id: TurnId.make(name),
          key: IdempotencyKey.make(name),
          joined: TurnId.make(names.at(index - 1) ?? name)
        })
      )
      yield* store.commit(id, epoch, { messages, turns })
      // In a separate commit, so that the store has to look up the turns.
      const events = turns.map((turn, index) => eventOf(id, index + 2, { _tag: "TurnAccepted", turnId: turn.id }))
      yield* store.commit(id, epoch, { events })

      for (const message of messages) assertSame(Message, yield* store.message(id, message.id), message)
      assertSame(Schema.Array(Message), (yield* store.messages(id, {})).items, messages)
      for (const turn of turns) {
        assert.ok(turn.key)
        assertSame(Turn, Option.getOrThrow(yield* store.turn(id, turn.id)), turn)
        assertSame(Turn, Option.getOrThrow(yield* store.turnByKey(id, turn.key)), turn)
      }
      assertSame(Schema.Array(Turn), (yield* store.turns(id, names.length)).toReversed(), turns)
      assertSame(Schema.Array(SessionEvent), yield* store.events(id, 1, names.length), events)
    })
  )
]
