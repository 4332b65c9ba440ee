import { Layer } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer, type SessionServerOptions } from "../../src/rpc/SessionServer.js"
import { token } from "./token.js"

/** A server on a free port over a runtime in memory, with the control of its mock provider. */
export const layer = (options?: Partial<SessionServerOptions>) =>
  SessionServer.layer({ token, port: 0, drainTimeout: 0, ...options }).pipe(
    Layer.provideMerge(SessionRuntime.layerTest())
  )
