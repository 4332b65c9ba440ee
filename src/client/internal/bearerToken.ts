import * as Headers from "@effect/platform/Headers"
import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Authentication } from "../../rpc/Authentication.js"

/**
 * Shows the token in each call itself, since a browser cannot set the headers of a WebSocket.
 */
export const layer = (token: Redacted.Redacted<string>): Layer.Layer<RpcMiddleware.ForClient<Authentication>> =>
  RpcMiddleware.layerClient(Authentication, ({ request }) =>
    Effect.succeed({
      ...request,
      headers: Headers.set(request.headers, "authorization", `Bearer ${Redacted.value(token)}`)
    }))
