import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Message } from "../../src/domain/Message.js"
import { langswarmSession, run, startServer } from "./command.js"

describe("chat", () => {
  it.live(
    "continues when the server is killed and restarted, with each acknowledged message once and in order",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const dataDir = yield* fs.makeTempDirectoryScoped()
        const server = yield* startServer(dataDir)
        const created = yield* run(langswarmSession("send", "--json", ...server.flags, "hello"))
        assert.strictEqual(created.exitCode, 0, created.stderr)
        const { items: [first] } = yield* run(langswarmSession("list", "--json", ...server.flags)).pipe(
          Effect.flatMap(({ stdout }) => Schema.decode(Schema.parseJson(SessionIds))(stdout))
        )
        const session = first?.id ?? assert.fail("no session")
        const restart = Effect.gen(function*() {
          yield* server.process.kill("SIGKILL")
          yield* startServer(dataDir, "--port", new URL(server.url).port)
        })

        // Sent as fast as replies come, whether the server runs or not.
        const chat = yield* Command.start(
          langswarmSession("chat", ...server.flags, "--session", session).pipe(
            Command.feed(Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join(""))
          )
        )
        const answered = yield* chat.stdout.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.mapEffect((line) => line === "You said: line 40" ? Effect.as(restart, line) : Effect.succeed(line)),
          Stream.runCollect
        )
        // The turn that ran at the kill is reported as interrupted.
        assert.include([0, 1], yield* chat.exitCode)
        const printed = Array.from(answered).filter((line) => /^You said: line \d+$/.test(line))
        assert.strictEqual(printed.at(-1), "You said: line 100")

        const { stdout } = yield* run(langswarmSession("export", ...server.flags, session))
        const { messages } = yield* Schema.decode(Schema.parseJson(Schema.Struct({ messages: Schema.Array(Message) })))(
          stdout
        )
        assert.deepStrictEqual(messages.map(({ seq }) => seq), messages.map((_, index) => index + 1))
        const asked = messages.filter(({ role }) => role === "user").map(({ text }) => text)
        assert.deepStrictEqual(asked, ["hello", ...Array.from({ length: 100 }, (_, index) => `line ${index + 1}`)])
        const replies = messages.filter(({ finishReason }) => finishReason === "complete").map(({ text }) => text)
        // A reply that was interrupted may have been printed, but is not stored as complete.
        assert.deepStrictEqual(printed.filter((line) => replies.includes(line)), replies.slice(1))
        assert.isAtLeast(replies.length, 100)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    60_000
  )
})

const SessionIds = Schema.Struct({ items: Schema.Array(Schema.Struct({ id: Schema.String })) })
