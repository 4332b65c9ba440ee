import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { ServerStatus } from "../domain/Store.js"
import { layerFromConfig } from "../services/internal/config.js"
import type { SessionManager } from "../services/SessionManager.js"
import * as AccessToken from "./AccessToken.js"
import { layerCheckedHandlers, withUncheckedPayloads } from "./internal/handlers/checkedPayloads.js"
import { withServedHandlers } from "./internal/handlers/servedHandlers.js"
import { Addresses, makeClientAddress } from "./internal/network/addresses.js"
import { Connections } from "./internal/network/Connections.js"
import { Entrance } from "./internal/network/entrance.js"
import { runHttpCalls } from "./internal/network/httpCalls.js"
import { makeHttpServer } from "./internal/network/httpServer.js"
import { makeOperatorLog, type ServerLog } from "./internal/network/operatorLog.js"
import { makeOriginCheck } from "./internal/network/originCheck.js"
import { makeReadiness } from "./internal/network/readiness.js"
import { bracketed, checkOptions } from "./internal/network/serverOptions.js"
import { UnfinishedMessages } from "./internal/network/UnfinishedMessages.js"
import { runWebSocket } from "./internal/network/webSockets.js"
import { makeHardenedProtocol } from "./internal/wire/protocol.js"
import type { ServerLimits } from "./ServerLimits.js"
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
  /** Addresses of proxies whose `X-Forwarded-For` header names the client. Default: none, and the header is ignored. */
  readonly trustedProxies?: ReadonlyArray<string>
  /** What the server accepts from its clients. Default: see `ServerLimits`. */
  readonly limits?: Partial<ServerLimits>
  /** How long running calls may take once the server stops. Default: 20 seconds. */
  readonly drainTimeout?: Duration.DurationInput
}

/**
 * A session server, on one port: `POST /rpc` takes calls as newline-delimited JSON, `GET /rpc` over a WebSocket, and
 * `GET /healthz` answers without a token while the server runs, and `GET /readyz` whether it can store a send.
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
   * Serves the provided `SessionManager`. Fails with `ConfigurationError` when the address cannot be bound, the token is too weak,
   * or another option has a wrong value. When the scope closes, new calls fail with `ShuttingDown`, and running calls have
   * `drainTimeout` to end.
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

  /**
   * Checks the options before anything is opened, as `layer` does. Fails with `ConfigurationError`, which lists everything that is
   * wrong. Returns the limits with their defaults.
   */
  static readonly check: (options: SessionServerOptions) => Effect.Effect<ServerLimits, ConfigurationError> =
    checkOptions

  /** The same as `layer`, with settings read from `Config`. */
  static readonly layerConfig = layerFromConfig(SessionServer.layer)
}

const serve = Effect.fnUntraced(function*(options: SessionServerOptions) {
  const { allowedHosts = [], allowedOrigins = [], drainTimeout = "20 seconds", host = "127.0.0.1", port } = options
  const limits = yield* checkOptions(options)
  const clock = yield* Effect.clock
  const now = () => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
  const runFork = yield* FiberSet.makeRuntime<never>()
  const fork = (effect: Effect.Effect<void>) => void runFork(effect)
  const { readiness, serving, stopping } = yield* makeReadiness
  const lines = yield* makeOperatorLog
  const log: ServerLog = {
    refusedToken: (...details) => fork(lines.refusedToken(...details)),
    refusedHost: (...details) => fork(lines.refusedHost(...details)),
    refusedOrigin: (...details) => fork(lines.refusedOrigin(...details)),
    limitReached: (...details) => fork(lines.limitReached(...details)),
    closedByLimit: (...details) => fork(lines.closedByLimit(...details))
  }
  const protocol = yield* makeHardenedProtocol(SessionRpcs, limits, fork, now)

  const addresses = new Addresses(limits)
  const clientAddress = makeClientAddress(options.trustedProxies ?? [])
  const connections = new Connections({
    addresses,
    clientAddress,
    limits,
    log,
    now
  })
  const origins = makeOriginCheck({ hosts: [bracketed(host), ...allowedHosts], origins: allowedOrigins })
  const check = AccessToken.makeCheck(options.token)
  const entrance = new Entrance({ addresses, check, clientAddress, connections, log, now, origins })
  yield* Effect.sync(() => connections.tick()).pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)

  const { connect } = protocol
  const shared = { connect, connections, entrance, limits, log, now, unfinished: new UnfinishedMessages() }
  const http = yield* makeHttpServer({
    connections,
    entrance,
    origins,
    router: HttpRouter.empty.pipe(
      HttpRouter.get("/healthz", HttpServerResponse.unsafeJson({ status: "ok" })),
      HttpRouter.get(
        "/readyz",
        Effect.map(
          readiness,
          (status) => HttpServerResponse.unsafeJson({ status }, { status: status === "ready" ? 200 : 503 })
        )
      )
    ),
    onCalls: (request, response, entry, headers) =>
      fork(
        Effect.ensuring(
          runHttpCalls(request, response, entry, headers, {
            ...shared,
            bucket: (address) => addresses.calls(address, now())
          }),
          Effect.sync(entry.leave)
        )
      ),
    onWebSocket: (webSocket, request, entry) =>
      fork(Effect.ensuring(runWebSocket(webSocket, request, entry, shared), Effect.sync(entry.leave)))
  })
  const bound = yield* http.listen(host, port)

  const status = (): ServerStatus => ({
    ...connections.count,
    ...protocol.status(),
    limits: { ...limits, unreadTimeout: Duration.toMillis(limits.unreadTimeout) }
  })
  // Finalizers run in reverse order: calls end first, then their connections close.
  yield* Effect.addFinalizer(() => protocol.end)
  yield* RpcServer.make(withUncheckedPayloads(SessionRpcs), { disableFatalDefects: true }).pipe(
    Effect.provideService(RpcServer.Protocol, protocol.server),
    withServedHandlers({ largeRead: protocol.largeRead, status }),
    Effect.interruptible,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => Effect.zipRight(stopping, protocol.drain(drainTimeout)))
  yield* serving

  return SessionServer.of({ host, port: bound, url: `http://${bracketed(host)}:${bound}` })
})
