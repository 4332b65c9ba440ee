import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import { AlertingHook, AuditLoggingHook, HookBus, SessionManager, SessionRuntime } from "langswarm-session"

/** A custom hook whose target is down for a while. */
let isDown = true
const mirror = HookBus.pipe(
  Effect.flatMap((bus) =>
    bus.add({
      name: "mirror",
      filter: ({ _tag }) => _tag === "SessionArchived",
      retries: 0,
      on: ({ sessionId }) => isDown ? Effect.fail("down") : Console.log(`mirrored ${sessionId}`)
    })
  ),
  Layer.scopedDiscard
)

const alerts = AlertingHook.layer({
  rules: [{ name: "archived", when: ({ _tag }) => _tag === "SessionArchived", cooldown: "1 hour" }],
  sinks: [({ event, rule }) => Console.log(`alert "${rule}": ${event}`)]
})

const audit = AuditLoggingHook.layer({
  sink: ({ action, userId }) => action === "SessionCreated" ? Console.log(`audit: ${action}, ${userId}`) : Effect.void
})

/** Hides the log, which would show the mirror's failure. */
const quiet = Logger.minimumLogLevel(LogLevel.None)

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const hooks = yield* HookBus
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
  yield* session.send("Hello")
  yield* hooks.flush
  yield* session.archive
  yield* hooks.flush

  const { items } = yield* sessions.deadLetters()
  yield* Effect.forEach(items, ({ event, hook, reason }) => Console.log(`dead letter of ${hook}: ${event}, ${reason}`))

  isDown = false
  const { delivered } = yield* sessions.replayDeadLetters({ hook: "mirror" })
  yield* Console.log(`${delivered} dead letter replayed`)
})

program.pipe(
  Effect.provide(
    Layer.mergeAll(mirror, alerts, audit).pipe(Layer.provideMerge(SessionRuntime.layerTest()), Layer.provide(quiet))
  ),
  NodeRuntime.runMain
)
