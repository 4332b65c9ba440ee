import { Effect, Layer } from "effect"
import type { SessionId } from "../../src/domain/Ids.js"
import * as LocalSessionHost from "../../src/layers/host/LocalSessionHost.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"

/** Another host over the same store, like after a restart or in a second process. */
export const anotherHost = Effect.fnUntraced(function*(options?: LocalSessionHost.LocalSessionHostOptions) {
  const scope = yield* Effect.scope
  const context = yield* Layer.buildWithScope(LocalSessionHost.layer(options), scope)
  return { host: yield* Effect.provide(SessionHost, context) }
})

/** A new session with the mock provider. */
export const start = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)

export const prompt = (text: string) => ({ content: text })

/** Texts of the history. */
export const texts = (id: SessionId) =>
  Effect.flatMap(
    SessionStore,
    (store) => Effect.map(store.messages(id, {}), ({ items }) => items.map(({ text }) => text))
  )
