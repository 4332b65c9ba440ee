import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Endpoint from "../../src/client/internal/protocol.js"

describe("Endpoint.fromUrl", () => {
  it.each(
    [
      { url: "http://127.0.0.1:4080", transport: "websocket", expected: "ws://127.0.0.1:4080/rpc" },
      { url: "https://example.com/", transport: "websocket", expected: "wss://example.com/rpc" },
      { url: "ws://[::1]:4080", transport: "websocket", expected: "ws://[::1]:4080/rpc" },
      { url: "wss://example.com/sessions/", transport: "websocket", expected: "wss://example.com/sessions/rpc" },
      { url: "http://example.com/rpc", transport: "http", expected: "http://example.com/rpc" },
      { url: "wss://example.com", transport: "http", expected: "https://example.com/rpc" }
    ] as const
  )("takes $url over $transport to $expected", ({ expected, transport, url }) => {
    assert.deepStrictEqual(Endpoint.fromUrl(url, transport), Either.right({ transport, url: expected }))
  })
})
