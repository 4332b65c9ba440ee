import * as Headers from "@effect/platform/Headers"
import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import { Authentication } from "../rpc/Authentication.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { makeSessionManager } from "../services/internal/makeSessionManager.js"
import { SessionManager } from "../services/SessionManager.js"
import * as ClientProtocol from "./internal/protocol.js"
import { remoteOperations } from "./internal/remoteOperations.js"

/**
 * Shows the token in each call itself, since a browser cannot set the headers of a WebSocket.
 */
export const layerBearerToken = (
  token: Redacted.Redacted<string>
): Layer.Layer<RpcMiddleware.ForClient<Authentication>> =>
  RpcMiddleware.layerClient(Authentication, ({ request }) =>
    Effect.succeed({
      ...request,
      headers: Headers.set(request.headers, "authorization", `Bearer ${Redacted.value(token)}`)
    }))

/**
 * How to reach a server.
 */
export interface SessionClientOptions {
  /** The server's address, such as `http://127.0.0.1:4080` or `wss://sessions.example.com`. */
  readonly url: string
  /** What the server was started with. */
  readonly token: Redacted.Redacted<string>
  /** `websocket`, unless told; `http` is for where those are not let through, and takes far longer for a call. */
  readonly transport?: "http" | "websocket"
  /** How long a send or a watch whose connection broke is tried again; 30 seconds unless told. */
  readonly resumeFor?: Duration.DurationInput
}

/**
 * The manager of a server's sessions, in Node and in a browser. Fails with `ConfigurationError` when the URL is none.
 *
 * It connects by itself, again too when a connection breaks. What was sent is then sent again, with the key it had, and is
 * the same turn; streams and feeds go on where they were. All other calls meanwhile fail with `Disconnected`.
 */
export const layer = (options: SessionClientOptions): Layer.Layer<SessionManager, ConfigurationError> =>
  ClientProtocol.fromUrl(options.url, options.transport ?? "websocket").pipe(
    Effect.map((endpoint) =>
      Layer.scoped(
        SessionManager,
        Effect.map(remoteOperations(endpoint.url, options.resumeFor ?? "30 seconds"), makeSessionManager)
      ).pipe(
        Layer.provide(IdGenerator.layer),
        Layer.provide(layerBearerToken(options.token)),
        Layer.provide(ClientProtocol.layer(endpoint))
      )
    ),
    Layer.unwrapEffect
  )
