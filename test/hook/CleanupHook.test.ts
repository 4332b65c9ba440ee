// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import * as CleanupHook from "../../src/layers/hook/CleanupHook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { archived, completed, deleted, errored } from "./events.js"
import { flush } from "./hooks.js"

const tell = (hook: ReturnType<typeof CleanupHook.make>, ...events: ReadonlyArray<SessionEvent>) =>
  Effect.gen(function*() {
    const bus = yield* HookBus
    yield* Effect.forEach(events, (event) => bus.publish(event))
    yield* flush
  }).pipe(Effect.provide(HookBus.layer(hook)))

describe("CleanupHook", () => {
  it.effect("runs when a session is deleted, or at the configured ends", () =>
    Effect.gen(function*() {
      const ends: Array<string> = []
      const actions = { note: ({ end }: { readonly end: string }) => Effect.sync(() => ends.push(end)) }
      const events = [completed, archived, errored, deleted]
      yield* tell(CleanupHook.make({ actions }), ...events)
      assert.deepStrictEqual(ends.splice(0), ["deleted"])
      yield* tell(CleanupHook.make({ actions, after: ["archived", "errored"] }), ...events)
      assert.deepStrictEqual(ends, ["archived", "errored"])
    }))

  it.effect("runs all actions even if one fails, and retries only that one", () =>
    Effect.gen(function*() {
      const ran: Array<string> = []
      let broken = true
      const { on } = CleanupHook.make({
        actions: {
          first: () => Effect.sync(() => ran.push("first")),
          flaky: () => Effect.suspend(() => (ran.push("flaky"), broken ? Effect.die("broken") : Effect.void)),
          last: () => Effect.sync(() => ran.push("last"))
        }
      })
      yield* Effect.sandbox(on(deleted)).pipe(Effect.flip)
      broken = false
      yield* on(deleted)
      assert.deepStrictEqual(ran, ["first", "flaky", "last", "flaky"])
    }))

  it.scopedLive("removes only the folder of the session, and succeeds when there is none", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      yield* files.makeDirectory(`${directory}/session/deep`, { recursive: true })
      yield* files.makeDirectory(`${directory}/session-2`)
      const { on } = CleanupHook.make({ actions: { folder: yield* CleanupHook.removeFolder(directory) } })
      yield* on(deleted)
      yield* on({ ...deleted })
      assert.deepStrictEqual(yield* files.readDirectory(directory), ["session-2"])
    }).pipe(Effect.provide(NodeContext.layer)))
})
