import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { SessionRuntime } from "langswarm-session"
import { SessionClient } from "langswarm-session/client"
import { SessionServer } from "langswarm-session/rpc"
import { conversation } from "./conversation.js"

const token = Redacted.make("an-example-token-of-32-characters")

// A server on a free port. In real life it is another process, such as `langswarm-session serve`.
const server = SessionServer.layer({ token, port: 0 }).pipe(Layer.provide(SessionRuntime.layerDevelopment))

const program = Effect.gen(function*() {
  const { url } = yield* SessionServer
  yield* Console.log("in process:")
  yield* conversation.pipe(Effect.provide(SessionRuntime.layerDevelopment))
  yield* Console.log("over the wire:")
  yield* conversation.pipe(Effect.provide(SessionClient.layer({ url, token })))
})

program.pipe(Effect.provide(server), NodeRuntime.runMain)
