import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import { createServer, type IncomingMessage } from "node:http"
import type * as Net from "node:net"
import { ConfigurationError, InvalidRequest } from "../domain/error/RequestError.js"
import { layerFromConfig } from "../services/internal/config.js"
import type { SessionManager } from "../services/SessionManager.js"
import * as AccessToken from "./AccessToken.js"
import { layerCheckedHandlers, withUncheckedPayloads } from "./internal/checkedPayloads.js"
import { makeHardenedProtocol } from "./internal/protocol.js"
import { httpTransport, refuseHttp, webSocketTransport } from "./internal/transports.js"
import * as SessionHandlers from "./SessionHandlers.js"
import { SessionRpcs } from "./SessionRpcs.js"

/**
 * Settings of a server.
 */
export interface SessionServerOptions {
  /** The token that each caller must show: 16 to 512 letters, digits and `-._~+/`. See `AccessToken.loadOrCreate`. */
  readonly token: Redacted.Redacted<string>
  /** The address to bind. Default: `127.0.0.1`, which only this machine can reach. */
  readonly host?: string
  /** The port to bind. 0 takes a free port. */
  readonly port: number
  /** Host names that callers may use, besides `host` and those of the loopback interface. Default: none. */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Origins of web pages that may call, such as `https://chat.example.com`. Default: none. */
  readonly allowedOrigins?: ReadonlyArray<string>
  /** How long running calls may take once the server stops. Default: 20 seconds. */
  readonly drainTimeout?: Duration.DurationInput
}

/**
 * A session server, on one port: `POST /rpc` takes calls as newline-delimited JSON, `GET /rpc` over a WebSocket, and
 * `GET /healthz` answers without a token while the server runs.
 */
export class SessionServer extends Context.Tag("langswarm-session/rpc/SessionServer")<SessionServer, {
  /** The bound address. */
  readonly host: string
  /** The bound port. */
  readonly port: number
  /** The URL to give to `SessionClient.layer`. */
  readonly url: string
}>() {
  /**
   * Serves the provided `SessionManager`. Fails with `ConfigurationError` when the address cannot be bound or the token is too
   * weak. When the scope closes, new calls fail with `ShuttingDown`, and running calls have `drainTimeout` to end.
   */
  static readonly layer = (
    options: SessionServerOptions
  ): Layer.Layer<SessionServer, ConfigurationError, SessionManager> =>
    Layer.scoped(SessionServer, serve(options)).pipe(
      Layer.provide(layerCheckedHandlers(SessionRpcs)),
      // Layers are memoized by identity, not by input: without `fresh`, two servers would share one manager.
      Layer.provide(Layer.fresh(SessionHandlers.layer)),
      Layer.provide(AccessToken.layer(options.token))
    )

  /** The same, with settings read from `Config`. */
  static readonly layerConfig = layerFromConfig(SessionServer.layer)
}

const serve = Effect.fnUntraced(function*({
  allowedHosts = [],
  allowedOrigins = [],
  drainTimeout = "20 seconds",
  host = "127.0.0.1",
  port,
  token
}: SessionServerOptions) {
  const problem = AccessToken.findProblem(token)
  if (problem !== undefined) return yield* new ConfigurationError({ problems: [`token ${problem}`] })
  if (!isPort(port)) {
    return yield* new ConfigurationError({
      problems: [`port must be a whole number from 0 to ${maxPort} (got ${port})`]
    })
  }

  const { connect, drain, end, protocol } = yield* makeHardenedProtocol(SessionRpcs.requests, SessionRpcs.endless)
  const refusalOf = makeAllowList({ hosts: [bracketed(host), ...allowedHosts], origins: allowedOrigins })

  const router = HttpRouter.empty.pipe(
    HttpRouter.get("/healthz", HttpServerResponse.unsafeJson({ status: "ok" })),
    HttpRouter.post(
      SessionRpcs.path,
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
        const refusal = refusalOf(headers["host"], headers["origin"])
        return refusal ? Effect.succeed(refuseHttp(refusal.status, refusal.error)) : httpTransport(connect)
      })
    )
  )

  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000
  })
  server.on("request", yield* NodeHttpServer.makeHandler(router))

  const webSockets = NodeSocketServer.makeWebSocket({
    server,
    path: SessionRpcs.path,
    maxPayload: SessionRpcs.maxRequestBytes,
    verifyClient: (
      { req }: { readonly req: IncomingMessage },
      answer: (accepted: boolean, status?: number, message?: string) => void
    ) => {
      const refusal = refusalOf(req.headers.host, req.headers.origin)
      return refusal ? answer(false, refusal.status, refusal.error.message) : answer(true)
    }
  })
  // WebSockets wait until the server listens, so both start together. If it cannot listen, `listen` fails with the reason.
  const [sockets, bound] = yield* Effect.all(
    [Effect.orElse(webSockets, () => Effect.never), listen(server, { host, port })],
    { concurrency: "unbounded" }
  )
  yield* sockets.run(webSocketTransport(connect)).pipe(Effect.forkScoped)

  // Finalizers run in reverse order: calls end first, then their connections close.
  yield* Effect.addFinalizer(() => end)
  yield* RpcServer.make(withUncheckedPayloads(SessionRpcs), { disableFatalDefects: true }).pipe(
    Effect.provideService(RpcServer.Protocol, protocol),
    Effect.interruptible,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => drain(drainTimeout))

  return SessionServer.of({ host, port: bound, url: `http://${bracketed(host)}:${bound}` })
})

const maxPort = 65_535
const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= maxPort

/** An address as written in a URL and in a `Host` header. */
const bracketed = (host: string) => (host.includes(":") ? `[${host}]` : host)

/**
 * Checks the `Host` and `Origin` headers: the host against DNS rebinding, the origin against calls from other web pages.
 * Returns a function that gives the refusal of a request with such headers; undefined when it is allowed.
 */
const makeAllowList = (allowed: {
  readonly hosts: ReadonlyArray<string>
  readonly origins: ReadonlyArray<string>
}) => {
  const hosts = new Set([...loopback, ...allowed.hosts].map((host) => host.toLowerCase()))
  const origins = new Set(allowed.origins)

  return (host = "", origin?: string) => {
    const name = hostHeader.exec(host.toLowerCase())?.[1]
    if (name === undefined || !hosts.has(name)) {
      return refusal(421, "host", "is not a known name of this server; add it to allowedHosts")
    }
    if (origin !== undefined && !origins.has(origin)) {
      return refusal(403, "origin", "may not call this server; add it to allowedOrigins")
    }
    return undefined
  }
}

const refusal = (status: number, header: string, reason: string) => ({
  status,
  error: new InvalidRequest({ path: [header], reason })
})

const loopback = ["127.0.0.1", "localhost", "[::1]"]
const hostHeader = /^(\[[0-9a-f:.]{2,64}\]|[^:[\]]{1,255})(?::\d{1,5})?$/

/**
 * Binds the server and returns its port. When the scope closes, open connections are closed too, WebSockets included: Node
 * would wait for their clients without limit.
 */
const listen = (
  server: Http.Server,
  { host, port }: { readonly host: string; readonly port: number }
): Effect.Effect<number, ConfigurationError, Scope.Scope> => {
  const sockets = new Set<Net.Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })

  const open = Effect.async<number, ConfigurationError>((resume) => {
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

  const close = Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroySoon()
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(closeTimeout),
    Effect.ensuring(Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
    }))
  )

  return Effect.acquireRelease(open, () => close)
}

/** Time for written data to reach the client. */
const closeTimeout = "2 seconds"
