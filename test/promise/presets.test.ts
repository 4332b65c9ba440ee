import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createSessionManager } from "../../src/promise/createSessionManager.js"

const wanted = { userId: "ada", provider: "mock", model: "mock-model" }

const production = (filename: string) =>
  createSessionManager({
    preset: "production",
    storage: { kind: "sqlite", filename },
    providers: { mock: true },
    drainTimeout: 0
  })

describe("createSessionManager, with the preset", () => {
  it.scoped("production, keeps sessions on disk across restarts, with the given providers", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const filename = `${yield* files.makeTempDirectoryScoped()}/sessions.db`
      yield* Effect.promise(async () => {
        const first = await production(filename)
        const session = await first.create(wanted)
        await session.send("Remember me")
        await session.updateContext({ user: { name: "Ada" } })
        assert.strictEqual((await first.health()).store.durability, "disk")
        await first.close()
        await using second = await production(filename)
        const again = await second.getOrCreate(wanted)
        assert.strictEqual(again.id, session.id)
        assert.deepStrictEqual((await again.context()).user, { name: "Ada" })
        await again.send("And me")
        assert.deepStrictEqual((await again.messages()).items.map(({ seq, text }) => [seq, text]), [
          [1, "Remember me"],
          [2, "You said: Remember me"],
          [3, "And me"],
          [4, "You said: And me"]
        ])
      })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("development, keeps sessions in memory, with the mock and the given providers", () =>
    Effect.promise(async () => {
      const second = { kind: "mock", pattern: "second" }
      await using manager = await createSessionManager({
        preset: "development",
        providers: { second },
        drainTimeout: 0
      })
      assert.strictEqual((await manager.health()).store.durability, "memory")
      assert.sameMembers((await manager.listProviders()).map(({ name }) => name), ["mock", "second"])
      const session = await manager.create(wanted)
      assert.strictEqual((await session.send("Hi")).text, "You said: Hi")
      assert.strictEqual((await (await manager.create({ ...wanted, provider: "second" })).send("Hi")).text, "second")
    }))
})
