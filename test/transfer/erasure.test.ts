import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { temporaryFile } from "../store/temporaryFile.js"

const runtime = (filename: string) =>
  SessionRuntime.layer({ drainTimeout: 0, providerRetries: 0 }).pipe(
    Layer.provideMerge(Layer.mergeAll(
      SqliteSessionStore.layer({ filename, durability: "process" }),
      IdGenerator.layer,
      Pricing.layerUnknown,
      MockProvider.layer({ capabilities: { conversation: "cursor" } }).pipe(
        Layer.provideMerge(ProviderRegistry.layer())
      ),
      MiddlewarePipeline.layer(),
      HookBus.layer()
    ))
  )

const create = (userId = "ada") =>
  Effect.flatMap(SessionManager, (sessions) => sessions.create({ userId, provider: "mock", model: "mock-model" }))

/** Returns those of the words that appear in the files of a database. */
const foundIn = (filename: string, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Effect.filter(
      ["", "-wal", "-shm", "-owner", "-high-water"].map((end) => filename + end),
      fs.exists
    )
    const files = yield* Effect.forEach(paths, (path) => Effect.map(fs.readFile(path), (bytes) => Buffer.from(bytes)))
    return words.filter((word) => files.some((file) => file.includes(word)))
  })

describe("a user who is erased", () => {
  it.scoped("cannot be found in the files of the database", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const words = [
        "c4nary-said",
        "c4nary-reply",
        "c4nary-rewound",
        "c4nary-cleared",
        "c4nary-context",
        "c4nary-tool",
        "c4nary-user"
      ]
      yield* Effect.gen(function*() {
        const sessions = yield* SessionManager
        const mock = yield* MockProvider
        const other = yield* create("bob")
        yield* other.send("b0b-said")
        for (let round = 0; round < 12; round++) {
          const session = yield* create("c4nary-user")
          yield* mock.script([{ text: "c4nary-reply ".repeat(1 + round * 40) }])
          const kept = yield* session.send("c4nary-said ".repeat(1 + round * 150))
          yield* session.updateContext({ user: { name: "c4nary-context".repeat(1 + round * 20) } })
          yield* session.send("c4nary-rewound")
          yield* session.rewind({ to: kept.id })
          yield* session.send({ content: [{ _tag: "ToolResult", id: "call", result: "c4nary-tool", isError: false }] })
          if (round % 3 === 0) {
            yield* session.send("c4nary-cleared")
            yield* session.clear
          }
          if (round % 4 === 0) yield* session.delete
          yield* other.send("b0b-said".repeat(round * 30 + 1))
        }
        assert.sameMembers(yield* foundIn(filename, words), words)
        yield* sessions.eraseUser("c4nary-user")
        assert.deepStrictEqual(yield* foundIn(filename, [...words, "b0b-said"]), ["b0b-said"])
        assert.lengthOf((yield* other.messages({ role: "user" })).items, 13)
      }).pipe(Effect.provide(runtime(filename)))
      assert.deepStrictEqual(yield* foundIn(filename, words), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is interrupted, removed from providers that support it, and counted in the receipt", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        const sessions = yield* SessionManager
        const mock = yield* MockProvider
        const held = yield* create()
        yield* held.send("held")
        const cursor = (yield* held.info).cursor?.value ?? assert.fail("the provider holds nothing")
        const running = yield* create()
        const asked = yield* Deferred.make<void>()
        yield* mock.script([() => Stream.unwrap(Effect.as(Deferred.succeed(asked, undefined), Stream.never))])
        const turn = yield* Effect.fork(running.send("running"))
        yield* Deferred.await(asked)

        const receipt = yield* sessions.eraseUser("ada")
        assert.deepInclude(receipt, { sessions: 2, messages: 3, turns: 2, providerCopies: { removed: 1, failed: 0 } })
        assert.deepStrictEqual(yield* mock.forgotten, [cursor])
        assert.isTrue(Exit.isFailure(yield* Fiber.await(turn)))
      }).pipe(Effect.provide(runtime(yield* temporaryFile)))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("has failed provider copies counted in the receipt", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        const sessions = yield* SessionManager
        const registry = yield* ProviderRegistry
        yield* registry.register({
          name: "keeper",
          capabilities: { conversation: "cursor", tools: false, images: [], files: [] },
          open: () =>
            Effect.succeed({
              respond: () =>
                Stream.make(
                  ProviderEvent.TextDelta({ text: "ok" }),
                  ProviderEvent.Finished({ reason: "complete", cursor: "kept" })
                )
            }),
          forget: () => new ProviderRejected({ provider: "keeper", reason: "no" })
        })
        const session = yield* sessions.create({ userId: "ada", provider: "keeper", model: "any" })
        yield* session.send("hello")
        const { providerCopies } = yield* sessions.eraseUser("ada")
        assert.deepStrictEqual(providerCopies, { removed: 0, failed: 1 })
      }).pipe(Effect.provide(runtime(yield* temporaryFile)))
    }).pipe(Effect.provide(NodeContext.layer)))
})
