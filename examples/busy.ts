import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "mock",
    model: "mock-model",
    // The mock repeats the message, one word a day.
    config: { providerConfig: { pattern: "{input}", chunkDelay: "1 day" } }
  })

  // The same key is the same turn, however often you send it.
  const first = yield* session.submit({ content: "Tell me everything", key: "story" })
  const again = yield* session.submit({ content: "Tell me everything", key: "story" })
  yield* Console.log(`${first.outcome}, ${again.outcome}: ${first.turnId === again.turnId ? "one turn" : "two turns"}`)

  // Other content under that key is refused.
  const conflict = yield* Effect.flip(session.submit({ content: "Tell me nothing", key: "story" }))
  yield* Console.log(`other content, same key: ${conflict.code}`)

  // Once the reply has started, one send asks to join the turn, and the next one interrupts it.
  yield* session.watch().pipe(Stream.takeUntil(({ event }) => event._tag === "TurnDelta"), Stream.runDrain)
  const { outcome } = yield* session.submit({ content: "Briefly!", whenBusy: "steer" })
  yield* Console.log(`while it runs: ${outcome}`)
  yield* session.send({ content: "Enough!", whenBusy: "interrupt" })

  const { items } = yield* session.messages()
  yield* Effect.forEach(
    items,
    ({ finishReason, role, text }) => Console.log(`${role}: ${text.trim()}${finishReason === "cut" ? " (cut)" : ""}`)
  )
})

program.pipe(Effect.provide(SessionRuntime.layerDevelopment), NodeRuntime.runMain)
