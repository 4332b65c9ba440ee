import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import { toMarkdown } from "../../src/domain/Markdown.js"
import * as SessionLines from "../../src/domain/SessionLines.js"
import * as SessionBackupHook from "../../src/layers/hook/SessionBackupHook.js"
import * as ChatCompletionsProvider from "../../src/layers/provider/ChatCompletionsProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { token } from "../rpc/token.js"
import { failing, streaming, textReply } from "../vendor/ChatCompletionsServer.js"
import { makeLoopbackServer } from "../vendor/LoopbackServer.js"

const key = "sk-c4nary-0123456789abcdef"

/** A gateway that answers once, then rejects the key with an error that contains it. */
const gateway = Effect.suspend(() => {
  const answers = [streaming(textReply("Hello."))]
  return makeLoopbackServer((request, response) => {
    const answer = answers.shift() ??
      failing(401, { message: `Incorrect API key provided: ${key}`, code: "invalid_api_key" })
    answer(request, response)
  })
})

/** A server with a database and a backup hook, and its client. */
const place = (directory: string, gatewayUrl: string) =>
  Layer.unwrapEffect(
    Effect.map(SessionServer, ({ url }) => SessionClient.layer({ url, token, transport: "http" }))
  ).pipe(
    Layer.provide(SessionServer.layer({ token, port: 0, drainTimeout: 0 })),
    Layer.provide(SessionRuntime.layer({ drainTimeout: 0, providerRetries: 0 })),
    Layer.provideMerge(SessionBackupHook.layer({ directory: `${directory}/sessions` })),
    Layer.provideMerge(Layer.mergeAll(
      SqliteSessionStore.layer({ filename: `${directory}/sessions.db` }),
      IdGenerator.layer,
      Pricing.layerUnknown,
      ChatCompletionsProvider.layer({ baseUrl: `${gatewayUrl}/v1`, apiKey: Redacted.make(key) }).pipe(
        Layer.provideMerge(ProviderRegistry.layer())
      ),
      MiddlewarePipeline.layer(),
      HookBus.layer()
    ))
  )

describe("a provider's key, and a server's token,", () => {
  it.scoped("rows 80, 81: is in no export, backup, manifest or other file", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const { url } = yield* gateway
      yield* Effect.gen(function*() {
        const sessions = yield* SessionManager
        const session = yield* sessions.create({ userId: "ada", provider: "chat", model: "any" })
        yield* session.send("Hello?")
        assert.strictEqual((yield* Effect.flip(session.send("Hello again?")))._tag, "ProviderAuth")
        yield* session.archive
        yield* Effect.flatMap(HookBus, ({ flush }) => flush)
        yield* sessions.backup("all")
        const record = yield* session.export
        const exported = [
          JSON.stringify(record),
          toMarkdown(record),
          JSON.stringify([record.session.config, record.messages, yield* sessions.listProviders]),
          yield* Stream.mkString(SessionLines.encode(sessions.exportSessions()))
        ]
        for (const text of exported) {
          assert.include(text, "Hello.")
          assert.notInclude(text, "c4nary")
          assert.notInclude(text, Redacted.value(token))
        }
      }).pipe(Effect.provide(place(directory, url)))
      const paths = yield* files.readDirectory(directory, { recursive: true })
      for (const end of [".db", "all.db", "all.json", ".json"]) {
        assert.isTrue(paths.some((path) => path.endsWith(end)), end)
      }
      for (const path of paths) {
        if ((yield* files.stat(`${directory}/${path}`)).type !== "File") continue
        const bytes = Buffer.from(yield* files.readFile(`${directory}/${path}`))
        assert.isFalse(bytes.includes("c4nary") || bytes.includes(Redacted.value(token)), path)
      }
    }).pipe(Effect.provide(NodeContext.layer)))
})
