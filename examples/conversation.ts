import { Console, Effect, Stream } from "effect"
import { SessionManager } from "langswarm-session"

/**
 * A conversation that does not know where its sessions live.
 */
export const conversation = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })

  const reply = yield* session.send("Hello")
  yield* Console.log(`  ${reply.text}`)

  yield* Effect.sync(() => process.stdout.write("  "))
  yield* session.stream("And now word by word").pipe(
    Stream.runForEach((event) => Effect.sync(() => event._tag === "TurnDelta" && process.stdout.write(event.text)))
  )

  const { items } = yield* session.messages()
  yield* Console.log(`\n  ${items.length} messages are stored`)
})
