import * as Headers from "@effect/platform/Headers"
import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import { Authentication } from "../rpc/Authentication.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { layerFromConfig } from "../services/internal/config.js"
import { makeSessionManager } from "../services/internal/makeSessionManager.js"
import { SessionManager } from "../services/SessionManager.js"
import * as ClientProtocol from "./internal/protocol.js"
import { remoteOperations } from "./internal/remoteOperations.js"

/**
 * How to reach a server.
 */
export interface SessionClientOptions {
  /** The server's address, such as `http://127.0.0.1:4080` or `wss://sessions.example.com`. */
  readonly url: string
  /** The token that the server was started with. */
  readonly token: Redacted.Redacted<string>
  /** Use `http` where proxies block WebSockets; its calls are much slower. Default: `websocket`. */
  readonly transport?: "http" | "websocket"
  /** How long a send, a feed or an import is retried after its connection breaks. Default: 30 seconds. */
  readonly resumeFor?: Duration.DurationInput
}

/**
 * A manager of the sessions of a server, in Node and in browsers. Fails with `ConfigurationError` when the URL is malformed.
 *
 * It connects by itself, and reconnects when a connection breaks. A send is then repeated with its key, so it stays the same
 * turn; streams and feeds continue where they were. All other calls meanwhile fail with `Disconnected`.
 */
export const layer = (options: SessionClientOptions): Layer.Layer<SessionManager, ConfigurationError> =>
  ClientProtocol.fromUrl(options.url, options.transport ?? "websocket").pipe(
    Effect.map((endpoint) =>
      Layer.scoped(
        SessionManager,
        Effect.map(remoteOperations(endpoint.url, options.resumeFor ?? "30 seconds"), makeSessionManager)
      ).pipe(
        Layer.provide(IdGenerator.layer),
        Layer.provide(layerBearerToken(endpoint, options.token)),
        Layer.provide(ClientProtocol.layer(endpoint, options.token))
      )
    ),
    Layer.unwrapEffect
  )

/** The same, with settings read from `Config`. */
export const layerConfig = layerFromConfig(layer)

/**
 * Adds the token to each call over a WebSocket, whose headers a browser cannot set. Over HTTP it is in the request's header.
 */
const layerBearerToken = (
  { transport }: ClientProtocol.Endpoint,
  token: Redacted.Redacted<string>
): Layer.Layer<RpcMiddleware.ForClient<Authentication>> =>
  RpcMiddleware.layerClient(Authentication, ({ request }) =>
    Effect.succeed(
      transport === "http" ? request : {
        ...request,
        headers: Headers.set(request.headers, "authorization", `Bearer ${Redacted.value(token)}`)
      }
    ))
