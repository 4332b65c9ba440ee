import { Console, Effect, Stream } from "effect"
import { SessionManager } from "langswarm-session"

/**
 * A conversation. It does not know where its sessions live.
 */
export const conversation = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })

  const reply = yield* session.send("Hello")
  yield* Console.log(reply.text)

  yield* session.stream("And now in verse").pipe(
    Stream.runForEach((event) => (event._tag === "TurnDelta" ? Console.log(event.text.trim()) : Effect.void))
  )

  const { items } = yield* session.messages()
  yield* Console.log(`${items.length} messages are kept`)
})
