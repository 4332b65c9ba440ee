/**
 * Makes a database of the current schema: `npx tsx test/store/databases/make.ts schema-5.db`. It holds what a schema must keep:
 * a context of several versions, tags, a name, a rewound and a cleared history, a fork of a rewound one, an archived session, and
 * the key of a removed one.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MockProvider, ProviderRegistry, type Session, SessionManager, SessionRuntime } from "../../../src/index.js"

const [filename = ""] = process.argv.slice(2)

const talk = (session: Session, texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text) => session.send(text), { discard: true })

const fill = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const create = (userId: string, config = {}) =>
    sessions.create({ userId, provider: "mock", model: "mock-model", config })

  const first = yield* create("u1", { name: "Travel", tags: ["home", "work"] })
  yield* first.updateContext({ user: { city: "Zürich" } })
  yield* talk(first, ["Hello", "What is the weather in Zürich?"])
  yield* first.updateContext({ user: { city: "Genève" } })
  const reply = yield* first.send("And in Genève?")
  yield* talk(first, ["This is rewound", "So is this"])
  yield* first.rewind({ to: reply.id })
  yield* talk(first, ["Thank you"])

  const fork = yield* first.fork()
  yield* talk(fork, ["What now?"])

  const cleared = yield* create("u2")
  yield* talk(cleared, ["This is cleared"])
  yield* cleared.clear
  yield* talk(cleared, ["日本語", "one\ntwo\t😀"])

  const archived = yield* create("u3", { tags: ["home"] })
  yield* talk(archived, ["Goodbye"])
  yield* archived.archive

  const removed = yield* create("u3")
  yield* talk(removed, ["This is removed"])
  yield* removed.delete
})

const providers = MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer()))

fill.pipe(
  Effect.provide(Layer.provide(SessionRuntime.layerProduction({ filename }), providers)),
  NodeRuntime.runMain
)
