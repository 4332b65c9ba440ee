/**
 * Commits to the database of its first argument until the storage is full, reads it, runs the shell command of its second
 * argument, which frees space, and commits again. Prints what it saw as one line of JSON.
 */
import { Effect } from "effect"
import { execSync } from "node:child_process"
import { writeSync } from "node:fs"
import { StoreError } from "../../src/domain/error/StoreError.js"
import type { SessionId } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { messageOf, ownSession } from "../../src/testing/internal/sessionStore/samples.js"

const [filename = "", freeSpace = ""] = process.argv.slice(2)

const text = "x".repeat(20_000)
const longMessage = (id: SessionId, seq: number) => messageOf(id, seq, { parts: [{ _tag: "Text", text }] })

const program = Effect.gen(function*() {
  const store = yield* SessionStore
  const { epoch, id } = yield* ownSession(0)
  const writable = store.checkWritable ?? Effect.void
  yield* writable
  let acknowledged = 0
  const commitNext = Effect.suspend(() => store.commit(id, epoch, { messages: [longMessage(id, acknowledged + 1)] }))
  const commitUntilFull = Effect.flip(
    Effect.forever(Effect.tap(commitNext, () => Effect.sync(() => acknowledged++)))
  )
  const error = yield* commitUntilFull
  // The failed commit may have shared its transaction with an index batch, and may fit without it.
  const again = yield* commitUntilFull
  const { messageCount } = yield* store.get(id)
  const { items } = yield* store.messages(id, { limit: 1 })

  const whileFull = yield* store.health
  // The check writes less than a commit, so it may succeed where a commit fails, until that space is used up too.
  const checks = Effect.repeatN(Effect.zipRight(Effect.ignore(commitNext), writable), 100)
  const unwritable = yield* Effect.flip(checks)

  execSync(freeSpace, { env: { ...process.env, STORE_PID: String(process.pid) } })
  yield* writable
  const opened = yield* store.open(id, 0)
  yield* store.commit(id, opened.epoch, { messages: [longMessage(id, opened.lastSeq + 1)] })
  const after = yield* store.get(id)
  const afterwards = yield* store.health
  return {
    acknowledged,
    failures: [error, again, unwritable].map((each) =>
      each instanceof StoreError ? `${each.reason} ${each.detail}` : each._tag
    ),
    readWhileFull: { messageCount, firstSeq: items[0]?.seq },
    healthy: [whileFull.ok, afterwards.ok],
    lastSeqAfter: opened.lastSeq,
    messageCountAfter: after.messageCount
  }
})

const seen = await Effect.runPromise(
  Effect.provide(program, [SqliteSessionStore.layer({ filename }), IdGenerator.layer])
)
writeSync(1, JSON.stringify(seen))
