import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Random } from "effect"
import { spawnSync } from "node:child_process"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { messagesOf, ownSession } from "../../src/testing/internal/sessionStore/samples.js"
import { script } from "./script.js"
import { temporaryFile } from "./temporaryFile.js"

/** The system calls of a process that commits 640 times, in order. */
const traceCommits = (durability: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const filename = yield* temporaryFile
    const trace = `${filename}.trace`
    const strace = ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,pwrite64,write", "-o", trace]
    yield* Command.string(yield* script("commitRounds.ts", [filename, durability], strace))
    const calls = (yield* files.readFileString(trace)).split("\n").flatMap((line) => {
      if (/ write\(1<.*"begin/.test(line)) return ["begin" as const]
      if (/ write\(1<.*"ack/.test(line)) return ["ack" as const]
      if (/ write\(1<.*"end/.test(line)) return ["end" as const]
      if (/ pwrite64\(\d+<[^>]*-wal>/.test(line)) return ["write" as const]
      return / (fdatasync|fsync)\(\d+<[^>]*-wal>/.test(line) ? ["sync" as const] : []
    })
    return calls.slice(calls.indexOf("begin"), calls.indexOf("end"))
  })

const frameSize = 24 + 4096
const walHeaderSize = 32

describe("SqliteSessionStore's durability", () => {
  // strace shows what reaches the disk.
  describe.skipIf(spawnSync("strace", ["-V"]).status !== 0)("traced", () => {
    it.scopedLive(
      "row 9: with durability disk, acknowledges no commit before its fsync, which many commits share",
      () =>
        Effect.gen(function*() {
          const calls = yield* traceCommits("disk")
          const count = (call: string) => calls.filter((each) => each === call).length
          assert.strictEqual(count("ack"), 640)
          assert.isAtLeast(count("sync"), 10)
          assert.isAtMost(count("sync"), 160)
          for (const [index, call] of calls.entries()) {
            if (call !== "ack") continue
            const last = calls.slice(0, index).findLast((each) => each !== "ack" && each !== "begin")
            assert.strictEqual(last, "sync", "the last write is on disk")
          }
        }).pipe(Effect.provide(NodeContext.layer)),
      60_000
    )

    it.scopedLive("row 9: with durability process, waits for no fsync", () =>
      Effect.gen(function*() {
        const calls = yield* traceCommits("process")
        assert.isAtMost(calls.filter((call) => call === "sync").length, 5)
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  })

  it.scopedLive(
    "row 9: loses only the latest commits when the end of the WAL never reached the disk",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const filename = yield* temporaryFile
        const { id, wal } = yield* Effect.gen(function*() {
          const store = yield* SessionStore
          const { epoch, id } = yield* ownSession(0)
          for (let seq = 1; seq <= 40; seq++) yield* store.commit(id, epoch, { messages: messagesOf(id, seq, seq) })
          return { id, wal: yield* files.readFile(`${filename}-wal`) }
        }).pipe(
          Effect.zipLeft(files.copyFile(filename, `${filename}-copy`)),
          Effect.provide(Layer.merge(SqliteSessionStore.layer({ durability: "process", filename }), IdGenerator.layer))
        )

        /** The last `seq` of the session when this much of the WAL is left. */
        const lastSeqAfter = Effect.fnUntraced(function*(size: number) {
          const directory = yield* files.makeTempDirectoryScoped()
          const cut = `${directory}/sessions.db`
          yield* files.copyFile(`${filename}-copy`, cut)
          yield* files.writeFile(`${cut}-wal`, wal.subarray(0, size))
          return yield* Effect.gen(function*() {
            const store = yield* SessionStore
            assert.isTrue((yield* store.health).ok)
            const found = yield* Effect.option(store.open(id, 100))
            if (Option.isNone(found)) return 0
            const { lastSeq, session, window } = found.value
            assert.strictEqual(session.messageCount, lastSeq)
            assert.deepStrictEqual(
              window.map(({ seq }) => seq),
              Array.from({ length: lastSeq }, (_, index) => index + 1)
            )
            return lastSeq
          }).pipe(Effect.provide(SqliteSessionStore.layer({ filename: cut })))
        })

        const frames = Math.floor((wal.length - walHeaderSize) / frameSize)
        const chosen = yield* Random.shuffle(Array.from({ length: frames }, (_, index) => index)).pipe(
          Effect.map((all) => [...all].slice(0, 30).toSorted((one, other) => one - other)),
          Effect.withRandom(Random.make("row 9"))
        )
        const found = yield* Effect.forEach(
          [...chosen.map((frame) => walHeaderSize + frame * frameSize + (frame % 3) * 1000), wal.length],
          lastSeqAfter
        )
        assert.deepStrictEqual(
          found,
          found.toSorted((one, other) => one - other),
          "a longer WAL keeps more commits"
        )
        assert.strictEqual(found.at(-1), 40)
        assert.isAbove(new Set(found).size, 10)
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})
