/**
 * Commits to eight sessions in the database of its first argument, until it is killed. Prints each acknowledged commit as
 * `session seq`. Every fourth turn rewinds the one before it.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { IdempotencyKey } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { eventOf, messagesOf, ownSession, turnOf } from "../../src/testing/internal/sessionStore/samples.js"

const [filename = ""] = process.argv.slice(2)

const commitForever = Effect.gen(function*() {
  const store = yield* SessionStore
  const { epoch, id } = yield* ownSession(0)
  for (let ordinal = 1;; ordinal++) {
    const turn = turnOf(id, ordinal, { status: "completed", key: IdempotencyKey.make(`key-${ordinal}`) })
    yield* store.commit(id, epoch, {
      messages: messagesOf(id, 2 * ordinal - 1, 2 * ordinal),
      turns: [turn],
      events: [
        eventOf(id, 2 * ordinal, { _tag: "TurnStarted", turnId: turn.id }),
        eventOf(id, 2 * ordinal + 1, { _tag: "TurnCompleted", turnId: turn.id })
      ],
      ...(ordinal % 4 === 0 && { rewindTo: 2 * ordinal - 4 })
    })
    writeSync(1, `${id} ${2 * ordinal}\n`)
  }
})

await Effect.runPromise(
  Effect.replicateEffect(commitForever, 8, { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide([SqliteSessionStore.layer({ filename }), IdGenerator.layer])
  )
)
