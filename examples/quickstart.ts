import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })

  const reply = yield* session.send("Hello")
  yield* Console.log(reply.text)

  yield* session.stream("And now word by word").pipe(
    Stream.runForEach((event) => Effect.sync(() => event._tag === "TurnDelta" && process.stdout.write(event.text)))
  )
  yield* Console.log()
})

program.pipe(Effect.provide(SessionRuntime.layerDevelopment), NodeRuntime.runMain)
