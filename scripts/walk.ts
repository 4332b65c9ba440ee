/**
 * `npx tsx scripts/walk.ts`: prints the modules of `src` that run code for one `send`, from the handle to the row in SQLite
 * and back, in process. Counted by V8's coverage, on a session that has answered before.
 */
import { Console, Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { Session } from "node:inspector/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Services from "../src/index.js"
import { MockProvider } from "../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../src/layers/store/SqliteSessionStore.js"
import { SessionManager } from "../src/services/SessionManager.js"

const sources = `${pathToFileURL("src").href}/`
const directory = mkdtempSync(join(tmpdir(), "walk-"))

const runtime = SessionRuntime.layer().pipe(Layer.provide(Layer.mergeAll(
  SqliteSessionStore.layer({ filename: join(directory, "sessions.db") }),
  Services.IdGenerator.layer,
  Services.Pricing.layerUnknown,
  MockProvider.layer().pipe(Layer.provideMerge(Services.ProviderRegistry.layer())),
  Services.MiddlewarePipeline.layer(),
  Services.HookBus.layer()
)))

/** The modules in which a function was called while `effect` ran. */
const modulesOf = Effect.fnUntraced(function*<E>(effect: Effect.Effect<unknown, E>) {
  const inspector = new Session()
  inspector.connect()
  yield* Effect.promise(() => inspector.post("Profiler.enable"))
  yield* Effect.promise(() => inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false }))
  yield* Effect.promise(() => inspector.post("Profiler.takePreciseCoverage"))
  yield* effect
  const { result } = yield* Effect.promise(() => inspector.post("Profiler.takePreciseCoverage"))
  inspector.disconnect()
  return result
    .filter(({ functions, url }) =>
      url.startsWith(sources) && functions.some(({ ranges: [range] }) => range && range.count > 0)
    )
    .map(({ url }) => url.slice(sources.length))
    .toSorted()
})

const main = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
  yield* session.send("Hello")
  const modules = yield* modulesOf(session.send("Hello again"))
  yield* Console.log(modules.join("\n"))
  yield* Console.log(`one send passes ${modules.length} modules`)
})

await Effect.runPromise(Effect.provide(main, runtime)).finally(() => rmSync(directory, { recursive: true }))
