import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import {
  type Middleware,
  MiddlewarePipeline,
  MiddlewareRefusal,
  SessionManager,
  SessionRuntime
} from "langswarm-session"

/**
 * Refuses messages that are too long, before anything is stored.
 */
const brevity: Middleware = {
  name: "brevity",
  admission: (prompt) =>
    prompt.parts.some((part) => part._tag === "Text" && part.text.length > 40)
      ? Effect.fail(new MiddlewareRefusal({ reason: "please keep it under 40 characters" }))
      : Effect.succeed(prompt)
}

const program = Effect.gen(function*() {
  yield* Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(brevity))
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })

  const refused = yield* Effect.flip(session.send("A message with far too many words for a limit as short as this"))
  yield* Console.log(refused.message)

  const reply = yield* session.send("A short one")
  yield* Console.log(reply.text)
})

program.pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()), NodeRuntime.runMain)
