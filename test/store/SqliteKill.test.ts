import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Option, Stream } from "effect"
import { IdempotencyKey, SessionId } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { readHistory } from "../../src/testing/internal/history/log.js"
import { script } from "./script.js"
import { temporaryFile } from "./temporaryFile.js"

/** Runs the committing process, kills it after this many acknowledged commits, and returns all it acknowledged. */
const acknowledgedBeforeKill = (filename: string, commits: number) =>
  Effect.gen(function*() {
    const child = yield* Effect.flatMap(script("commitUntilKilled.ts", [filename]), Command.start)
    const lines = child.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.zipWithIndex,
      Stream.tap(([, index]) => Effect.when(child.kill("SIGKILL"), () => index === commits)),
      Stream.map(([line]) => line)
    )
    return yield* Stream.runCollect(lines)
  })

/** Every fourth turn rewinds the one before it. */
const isRewound = (seq: number, lastOrdinal: number): boolean => {
  const next = Math.ceil(seq / 2) + 1
  return next % 4 === 0 && next <= lastOrdinal
}

describe("SqliteSessionStore, killed during a commit", () => {
  for (const commits of [1, 20, 300]) {
    it.scopedLive(
      `keeps all of more than ${commits} acknowledged commits, and no partial one`,
      () =>
        Effect.gen(function*() {
          const filename = yield* temporaryFile
          const acknowledged = new Map<string, number>()
          for (const line of yield* acknowledgedBeforeKill(filename, commits)) {
            const [id = "", seq] = line.split(" ")
            acknowledged.set(id, Number(seq))
          }
          assert.isAbove(acknowledged.size, 0)

          const db = new Sqlite(filename)
          assert.strictEqual(db.pragma("integrity_check", { simple: true }), "ok")
          db.close()

          yield* Effect.gen(function*() {
            const store = yield* SessionStore
            for (const [name, seq] of acknowledged) {
              const id = SessionId.make(name)
              const { lastEvent, lastOrdinal, lastSeq, session, window } = yield* store.open(id, 1_000_000)
              assert.isAtLeast(lastSeq, seq)
              assert.deepStrictEqual(
                window.map(({ seq }) => seq),
                Array.from({ length: lastSeq }, (_, index) => index + 1).filter((seq) => !isRewound(seq, lastOrdinal))
              )
              assert.strictEqual(session.messageCount, window.length)
              assert.strictEqual(lastOrdinal * 2, lastSeq)
              assert.lengthOf(yield* store.turns(id, 1_000_000), lastOrdinal)
              assert.isTrue(Option.isSome(yield* store.turnByKey(id, IdempotencyKey.make(`key-${lastOrdinal}`))))
              assert.strictEqual(lastEvent, 2 * lastOrdinal + 1)
              assert.lengthOf((yield* readHistory(id)).events, lastEvent)
            }
          }).pipe(Effect.provide(SqliteSessionStore.layer({ filename })))
        }).pipe(Effect.provide(NodeContext.layer)),
      60_000
    )
  }
})
