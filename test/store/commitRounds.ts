/**
 * Commits ten times to each of 64 sessions concurrently, in the database of its first argument, with the durability of its
 * second. Prints `begin` before the first commit, and `ack` for each acknowledged one.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { messagesOf, ownSession } from "../../src/testing/internal/sessionStore/samples.js"

const [filename = "", durability] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const store = yield* SessionStore
  const owned = yield* Effect.replicateEffect(ownSession(0), 64)
  writeSync(1, "begin\n")
  yield* Effect.forEach(
    owned,
    Effect.fnUntraced(function*({ epoch, id }) {
      for (let seq = 1; seq <= 10; seq++) {
        yield* store.commit(id, epoch, { messages: messagesOf(id, seq, seq) })
        writeSync(1, "ack\n")
      }
    }),
    { concurrency: "unbounded", discard: true }
  )
  writeSync(1, "end\n")
})

await Effect.runPromise(Effect.provide(program, [
  SqliteSessionStore.layer({ filename, durability: durability === "disk" ? "disk" : "process" }),
  IdGenerator.layer
]))
