import * as RpcClient from "@effect/rpc/RpcClient"
import type { RpcClientError } from "@effect/rpc/RpcClientError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"
import type { SessionOperations } from "../../services/SessionOperations.js"
import { remoteCause } from "./remoteCause.js"

/**
 * The operations by calls to the server at `url`.
 */
export const remoteOperations = Effect.fnUntraced(function*(url: string) {
  const client = yield* RpcClient.make(SessionRpcs)
  const inOurWords = remoteCause(url)

  const call = <A, E, R>(self: Effect.Effect<A, E | RpcClientError, R>) =>
    Effect.catchAllCause(self, (cause) => Effect.failCause(inOurWords<E>(cause)))
  const callStream = <A, E, R>(self: Stream.Stream<A, E | RpcClientError, R>) =>
    Stream.catchAllCause(self, (cause) => Stream.failCause(inOurWords<E>(cause)))

  return {
    create: (input) => call(client.Create(input)),
    list: (query) => call(client.List(query)),
    health: call(Effect.suspend(() => client.Health())),
    info: (sessionId) => call(client.Info({ sessionId })),
    context: (sessionId) => call(client.Context({ sessionId })),
    metrics: (sessionId) => call(client.Metrics({ sessionId })),
    turns: (sessionId) => call(client.Turns({ sessionId })),
    messages: (sessionId, query) => call(client.Messages({ sessionId, query })),
    message: (sessionId, messageId) => call(client.Message({ sessionId, messageId })),
    export: (sessionId) => call(client.Export({ sessionId })),
    send: (sessionId, message) => call(client.Send({ sessionId, message })),
    stream: (sessionId, message) => callStream(client.Stream({ sessionId, message })),
    stop: (sessionId, stop) => call(client.Stop({ sessionId, stop })),
    sendSystem: (sessionId, message) => call(client.SendSystem({ sessionId, message })),
    updateContext: (sessionId, patch) => call(client.UpdateContext({ sessionId, patch })),
    clear: (sessionId) => call(client.Clear({ sessionId })),
    archive: (sessionId) => call(client.Archive({ sessionId })),
    delete: (sessionId) => call(client.Delete({ sessionId }))
  } satisfies SessionOperations
})
