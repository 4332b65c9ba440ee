import { Deferred, Effect } from "effect"
import { randomBytes } from "node:crypto"
import * as Net from "node:net"

/** A WebSocket client that does only what a test tells it: it answers no ping and reads only when it is asked to. */
export const openRawSocket = (port: number, headers: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const closed = yield* Deferred.make<void>()
    const opened = yield* Deferred.make<void>()
    const chunks: Array<Buffer> = []
    let length = 0
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => Net.connect(port, "127.0.0.1")),
      (socket) => Effect.sync(() => socket.destroy())
    )
    socket.on("data", (chunk) => {
      chunks.push(chunk)
      length += chunk.length
      if (chunk.includes("\r\n\r\n")) Deferred.unsafeDone(opened, Effect.void)
    })
    socket.on("error", () => {})
    socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))
    const lines = Object.entries({
      host: `127.0.0.1:${port}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...headers
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET /rpc HTTP/1.1\r\n${lines.join("")}\r\n`)
    yield* Deferred.await(opened)
    return {
      socket,
      write: (data: Uint8Array) => Effect.sync(() => void socket.write(data)),
      /** All that arrived after the headers. */
      received: () => {
        const all = Buffer.concat(chunks)
        return all.subarray(all.indexOf("\r\n\r\n") + 4)
      },
      /** The end of what arrived. */
      last: () => chunks.at(-1) ?? Buffer.alloc(0),
      /** Bytes that arrived. */
      length: () => length,
      closed: Deferred.await(closed)
    }
  })

/** A masked frame with a payload of zeros. */
export const frame = (opcode: number, length: number, isLast = true): Buffer => {
  const extended = length < 126 ? [length] : length < 65_536
    ? [126, length >> 8, length & 0xff]
    : [127, 0, 0, 0, 0, (length >> 24) & 0xff, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
  const [first = 0, ...others] = extended
  return Buffer.concat([
    Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | first, ...others, 0, 0, 0, 0]),
    Buffer.alloc(length)
  ])
}
