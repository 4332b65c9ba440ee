import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { existsSync } from "node:fs"
import { chromium } from "playwright-core"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import * as TestServer from "../rpc/TestServer.js"
import { token } from "../rpc/token.js"
import { bundle } from "./bundle.js"
import { otherServer } from "./otherServer.js"

/** The program of a web page, which talks to a server of another origin. */
const program = `
  import { connectSessionManager } from "./src/client/index.js"

  globalThis.talk = async (url, token, transport) => {
    const manager = await connectSessionManager({ url, token, transport, resumeFor: 0 })
    try {
      const session = await manager.create({ userId: "ada", provider: "mock", model: "mock-model" })
      const { text } = await session.send("hello")
      const streamed = []
      for await (const event of session.stream("again")) streamed.push(event._tag)
      const watched = []
      for await (const { event } of session.watch()) {
        watched.push(event._tag)
        if (watched.filter((tag) => tag === "TurnCompleted").length === 2) break
      }
      const missing = await manager.get("no-such-session").catch((error) => error._tag)
      return { text, streamed: [streamed[0], streamed.at(-1)], watched: watched.length > 8, missing }
    } finally {
      await manager.close()
    }
  }
  globalThis.failure = (...where) => globalThis.talk(...where).then(() => "none", (error) => error._tag)
`

const executablePath = "/usr/bin/chromium"
const isMissing = !existsSync(executablePath)
if (isMissing) {
  process.stderr.write(`skipped: the client in Chromium: ${executablePath} is missing (Debian's package chromium)\n`)
}

/** A page in Chromium whose own server has another origin than the session server. */
const openPage = Effect.gen(function*() {
  const { outputFiles: [file] } = yield* bundle(program)
  const origin = yield* otherServer((request, response) =>
    request.url === "/page.js"
      ? void response.writeHead(200, { "content-type": "text/javascript" }).end(file?.text)
      : void response.writeHead(200, { "content-type": "text/html" }).end(
        "<!doctype html><script type=\"module\" src=\"/page.js\"></script>"
      )
  )
  const browser = yield* Effect.acquireRelease(
    Effect.promise(() =>
      chromium.launch({
        executablePath,
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync"
        ]
      })
    ),
    (browser) => Effect.promise(() => browser.close())
  )
  const page = yield* Effect.promise(() => browser.newPage())
  yield* Effect.promise(async () => {
    await page.goto(origin)
    await page.waitForFunction("globalThis.failure")
  })
  const call = (name: "failure" | "talk", url: string, transport: string) =>
    Effect.promise(() =>
      page.evaluate(`${name}(${[url, Redacted.value(token), transport].map((text) => JSON.stringify(text))})`)
    )
  return { call, origin }
})

const serve = (allowedOrigins: ReadonlyArray<string>) =>
  Effect.map(Layer.build(TestServer.layer({ allowedOrigins })), Context.get(SessionServer))

describe.skipIf(isMissing)("a page of another origin in Chromium", () => {
  it.scopedLive("uses the client over HTTP and WebSocket when its origin is allowed, and not otherwise", () =>
    Effect.gen(function*() {
      const { call, origin } = yield* openPage
      const allowing = yield* serve([origin])
      const refusing = yield* serve(["https://app.example.com"])
      for (const transport of ["websocket", "http"]) {
        assert.deepStrictEqual(yield* call("talk", allowing.url, transport), {
          text: "You said: hello",
          streamed: ["TurnAccepted", "TurnCompleted"],
          watched: true,
          missing: "SessionNotFound"
        })
        assert.strictEqual(yield* call("failure", refusing.url, transport), "Disconnected")
      }
    }))
})
