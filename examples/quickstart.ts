import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })

  const reply = yield* session.send("Hello")
  yield* Console.log(reply.text)

  yield* session.stream("And now in verse").pipe(
    Stream.runForEach((event) => event._tag === "TurnDelta" ? Console.log(event.text) : Effect.void)
  )
})

program.pipe(Effect.provide(SessionRuntime.layerDevelopment), NodeRuntime.runMain)
