import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { vi } from "vitest"
import { WebSocket } from "ws"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import * as TestServer from "../rpc/TestServer.js"
import { token } from "../rpc/token.js"
import { bundle } from "./bundle.js"

/** The bundle of a web page: a program with the client. */
const page = `
  import { Effect, Redacted } from "effect"
  import { SessionClient, SessionManager } from "./src/client/index.js"

  export const health = (url, token, transport) =>
    Effect.flatMap(SessionManager, (sessions) => sessions.health).pipe(
      Effect.provide(SessionClient.layer({ url, token: Redacted.make(token), transport })),
      Effect.runPromise
    )
`

describe("langswarm-session/client in a browser", () => {
  it.effect("imports nothing of Node, and nothing of the server", () =>
    Effect.gen(function*() {
      const { metafile } = yield* bundle(page)
      const imports = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
      assert.deepStrictEqual(imports, [])
      const files = Object.keys(metafile.inputs)
      assert.include(files, "src/client/SessionClient.ts")
      const foreign = files.filter((file) => /platform-node|better-sqlite3|src\/(layers|cli)\/|Server\.ts$/.test(file))
      assert.deepStrictEqual(foreign.filter((file) => !file.startsWith("node_modules/@effect/")), [])
    }))

  layer(TestServer.layer())((it) => {
    it.effect("reaches a server with browser APIs only", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const { outputFiles: [file] } = yield* bundle(page)
        yield* Effect.acquireUseRelease(
          Effect.sync(() => vi.stubGlobal("WebSocket", WebSocket)),
          () =>
            Effect.promise(async () => {
              const { health } = await import(
                `data:text/javascript;base64,${Buffer.from(file?.contents ?? []).toString("base64")}`
              )
              assert.strictEqual((await health(url, Redacted.value(token), "websocket")).status, "ok")
              assert.strictEqual((await health(url, Redacted.value(token), "http")).status, "ok")
            }),
          () => Effect.sync(() => vi.unstubAllGlobals())
        )
      }))
  })
})
