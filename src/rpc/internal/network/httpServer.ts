import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import { ConfigurationError, InvalidRequest } from "../../../domain/error/RequestError.js"
import { SessionRpcs } from "../../SessionRpcs.js"
import type { Connections } from "./Connections.js"
import { type Entrance, type Entry, isRefusal, type Refusal } from "./entrance.js"
import { bodyOf, refuse } from "./httpCalls.js"
import { type makeOriginCheck, preflightHeaders } from "./originCheck.js"
import { makeWebSocketUpgrade } from "./webSockets.js"

interface HttpServerOptions {
  readonly connections: Connections
  readonly entrance: Entrance
  readonly origins: ReturnType<typeof makeOriginCheck>
  /** Other paths than that of the calls. */
  readonly router: HttpRouter.HttpRouter
  readonly onCalls: (
    request: IncomingMessage,
    response: ServerResponse,
    entry: Entry,
    headers: Record<string, string>
  ) => void
  readonly onWebSocket: (webSocket: WebSocket, request: IncomingMessage, entry: Entry) => void
}

/**
 * The HTTP server: it decides by its headers alone whether a request gets in. Nothing listens before `listen` is run.
 */
export const makeHttpServer = Effect.fnUntraced(function*(options: HttpServerOptions) {
  const { connections, entrance, onCalls, onWebSocket, origins, router } = options
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000
  })
  server.on("connection", (socket) => connections.accept(socket))
  const answering = new Set<Duplex>()
  server.on("clientError", (error, socket) => refuseUnreadable(error, socket, answering.has(socket)))

  const others = yield* NodeHttpServer.makeHandler(router)
  server.on("request", (request, response) => {
    answering.add(request.socket)
    response.once("close", () => answering.delete(request.socket))
    if (pathOf(request) !== SessionRpcs.path) return others(request, response)
    const headers = origins.corsHeaders(request.headers)
    if (request.method === "OPTIONS") return answerPreflight(request, response, headers)
    if (request.method !== "POST") return refuse(request, response, wrongMethod, headers)
    const entry = entrance.enter(request, false)
    return isRefusal(entry) ? refuse(request, response, entry, headers) : onCalls(request, response, entry, headers)
  })
  const answerPreflight = (request: IncomingMessage, response: ServerResponse, headers: Record<string, string>) => {
    const refusal = origins.refusalOf(request.headers)
    if (refusal !== undefined) return refuse(request, response, { ...refusal, headers: {} }, headers)
    response.writeHead(204, { ...headers, ...preflightHeaders })
    response.end()
  }

  const upgrade = makeWebSocketUpgrade()
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy())
    if (pathOf(request) !== SessionRpcs.path) return refuseUpgrade(socket, noSuchPath)
    const entry = entrance.enter(request, true)
    if (isRefusal(entry)) return refuseUpgrade(socket, entry)
    upgrade(request, socket, head, (webSocket) => onWebSocket(webSocket, request, entry))
  })

  /**
   * Binds the server and returns its port. When the scope closes, open connections are closed too, WebSockets included: Node
   * would wait for their clients without limit.
   */
  const listen = (host: string, port: number) =>
    Effect.acquireRelease(open(server, host, port), () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        connections.end()
      }).pipe(
        Effect.interruptible,
        Effect.timeoutOption(closeTimeout),
        Effect.ensuring(Effect.sync(() => connections.destroy()))
      ))
  return { listen }
})

const open = (server: Net.Server, host: string, port: number): Effect.Effect<number, ConfigurationError> =>
  Effect.async((resume) => {
    server.once(
      "error",
      ({ message }) =>
        resume(new ConfigurationError({ problems: [`cannot listen on port ${port} of ${host}: ${message}`] }))
    )
    server.listen(port, host, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const pathOf = ({ url = "" }: IncomingMessage) => url.split("?", 1)[0]

const refuseUpgrade = (socket: Duplex, { error, headers, status }: Refusal) => {
  const body = JSON.stringify(bodyOf({ error }))
  const lines = Object.entries({
    ...headers,
    connection: "close",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body))
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${error._tag}\r\n${lines.join("")}\r\n${body}`)
}

/**
 * Answers what is not HTTP, or takes too long. Node would destroy the socket, and with it the answers that are still to be written.
 */
const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Duplex, isAnswering: boolean) => {
  if (!socket.writable) return void socket.destroy()
  const status = statusOfError.get(error.code ?? "") ?? "400 Bad Request"
  socket.end(isAnswering ? "" : `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  // What the client sends on is not read.
  socket.once("finish", () => socket.destroy())
}

const statusOfError = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"]
])

const refusalWith = (status: number, path: string, reason: string, headers: Record<string, string> = {}): Refusal => ({
  status,
  error: new InvalidRequest({ path: [path], reason }),
  headers
})

const wrongMethod = refusalWith(405, "method", "must be POST, or GET for a WebSocket", { allow: "POST, GET, OPTIONS" })
const noSuchPath = refusalWith(404, "path", `must be ${SessionRpcs.path}`)

/** Time for written data to reach the client. */
const closeTimeout = "2 seconds"
