/**
 * Commits to eight sessions of the database that its first argument names, until it is killed. Prints each commit once it
 * is acknowledged, as `session seq`.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { messagesOf, ownSession, turnOf } from "../../src/testing/internal/sessionStore/samples.js"

const [filename = ""] = process.argv.slice(2)

const commitForever = Effect.gen(function*() {
  const store = yield* SessionStore
  const { epoch, id } = yield* ownSession(0)
  for (let ordinal = 1;; ordinal++) {
    yield* store.commit(id, epoch, {
      messages: messagesOf(id, 2 * ordinal - 1, 2 * ordinal),
      turns: [turnOf(id, ordinal, { status: "completed" })]
    })
    writeSync(1, `${id} ${2 * ordinal}\n`)
  }
})

await Effect.runPromise(
  Effect.replicateEffect(commitForever, 8, { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide([SqliteSessionStore.layer({ filename }), IdGenerator.layer])
  )
)
