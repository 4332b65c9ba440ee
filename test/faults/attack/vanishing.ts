import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Deferred, Effect, Stream } from "effect"
import * as Net from "node:net"
import { request } from "../../rpc/wire.js"
import { bearer, openWebSocket } from "./webSocket.js"

/** Watches a session from a process of its own, which then stops without a word, as SIGSTOP makes it. */
export const watchAndStop = Effect.fnUntraced(function*(url: string, sessionId: string) {
  const child = yield* Command.make(process.execPath, "--input-type=module", "-").pipe(
    Command.feed(watcher(url, sessionId)),
    Command.stderr("inherit"),
    Command.start
  )
  // A stopped process ignores the signal with which its scope would end it.
  yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(child.pid, "SIGKILL")))
  yield* Stream.runHead(child.stdout)
  process.kill(child.pid, "SIGSTOP")
}, Effect.provide(NodeContext.layer))

const watcher = (url: string, sessionId: string) => `
  import { WebSocket } from "ws"
  const socket = new WebSocket("${url.replace("http", "ws")}/rpc", { headers: { authorization: "${bearer}" } })
  socket.on("open", () => socket.send(${JSON.stringify(request("1", "Watch", { sessionId, watch: {} }))}))
  socket.once("message", () => process.stdout.write("watching\n"))
`

/** Watches a session over a network that then delivers nothing more, in either direction, and no end of the connection. */
export const watchOverBlackHole = Effect.fnUntraced(function*(url: string, sessionId: string) {
  const { port } = new URL(url)
  const sockets: Array<Net.Socket> = []
  const proxy = yield* Effect.acquireRelease(
    Effect.async<Net.Server>((resume) => {
      const proxy = Net.createServer({ allowHalfOpen: true }, (near) => {
        const far = Net.connect({ host: "127.0.0.1", port: Number(port), allowHalfOpen: true })
        for (const socket of [near, far]) sockets.push(socket.on("error", () => {}))
        near.pipe(far)
        far.pipe(near)
      })
      proxy.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
    }),
    (proxy) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        proxy.close()
      })
  )
  const address = proxy.address()
  const proxied = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  const watching = yield* Deferred.make<void>()
  const socket = yield* openWebSocket(proxied, { onMessage: () => Deferred.unsafeDone(watching, Effect.void) })
  yield* socket.send(request("1", "Watch", { sessionId, watch: {} }))
  yield* Deferred.await(watching)
  for (const socket of sockets) socket.unpipe().pause()
})
