import { Effect, Layer, Schedule, Stream, SubscriptionRef } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import type { SessionError } from "../../src/domain/error/SessionError.js"
import type { FeedPosition, SessionEvent } from "../../src/domain/Events.js"
import { IdempotencyKey } from "../../src/domain/Ids.js"
import type { SendMessage } from "../../src/domain/Send.js"
import type { Session } from "../../src/services/Session.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import type { HistoryChecker } from "../../src/testing/index.js"
import { token } from "../rpc/token.js"

/** The caller repeats a call that did not reach a server. */
const whileAway = {
  schedule: Schedule.spaced("50 millis"),
  while: ({ _tag }: SessionError) => _tag === "Disconnected" || _tag === "ShuttingDown"
}

/**
 * A client that outlives restarts of its server and logs everything it sees. With `automatically` the library reconnects.
 * With `perAttempt` each attempt opens a connection and abandons it as soon as it breaks, which is faster while the server is
 * mostly down.
 */
export const makeLoggingClient = Effect.fnUntraced(function*(
  url: string,
  log: Array<HistoryChecker.LogEntry>,
  reconnects: "automatically" | "perAttempt" = "automatically"
) {
  const connect = Layer.build(
    SessionClient.layer({ url, token, resumeFor: reconnects === "perAttempt" ? 0 : "1 minute" })
  )
    .pipe(
      Effect.flatMap((services) => Effect.provide(SessionManager, services)),
      Effect.orDie
    )
  const lasting = yield* connect
  const connection = reconnects === "perAttempt" ? connect : Effect.succeed(lasting)
  const write = (entry: HistoryChecker.LogEntry) => Effect.sync(() => void log.push(entry))

  return {
    start: lasting.create({ userId: "ada", provider: "mock", model: "mock-model" }),

    /** Sends a message and returns its outcome. */
    send: Effect.fnUntraced(function*(session: Session, name: string, over?: Partial<typeof SendMessage.Encoded>) {
      const { id: sessionId } = session
      const key = IdempotencyKey.make(name)
      yield* write({ _tag: "Sent", sessionId, key })
      const attempt = Effect.map(
        connection,
        (sessions) => sessions.session(sessionId).stream({ content: `this is ${name}`, key, ...over })
      )
      return yield* Stream.unwrapScoped(attempt).pipe(
        Stream.runForEach((event) => {
          if (event._tag === "TurnAccepted") return write({ _tag: "Accepted", sessionId, key, turnId: event.turnId })
          return event._tag === "TurnCompleted"
            ? write({ _tag: "Replied", sessionId, key, message: event.message })
            : Effect.void
        }),
        Effect.retry(whileAway),
        Effect.as("completed" as const),
        Effect.catchAll((error) => Effect.as(write({ _tag: "Failed", sessionId, key, error }), error._tag))
      )
    }),

    /** Watches a session from its start until the scope closes. Returns a function that waits for an event. */
    watch: Effect.fnUntraced(function*(session: Session, watcher: string) {
      const { id: sessionId } = session
      const seen: Array<SessionEvent> = []
      const count = yield* SubscriptionRef.make(0)
      let from: FeedPosition | undefined
      yield* write({ _tag: "Watched", sessionId, watcher })
      const attempt = Effect.map(
        connection,
        (sessions) => sessions.session(sessionId).watch(from === undefined ? {} : { from })
      )
      yield* Stream.unwrapScoped(attempt).pipe(
        Stream.runForEach((fed) => {
          from = fed.position
          if (fed.event._tag !== "TurnDelta") seen.push(fed.event)
          return Effect.zipRight(
            write({ _tag: "Fed", sessionId, watcher, ...fed }),
            SubscriptionRef.set(count, seen.length)
          )
        }),
        Effect.retry(whileAway),
        Effect.forkScoped
      )
      return (isIt: (event: SessionEvent) => boolean) =>
        Stream.runHead(Stream.filter(count.changes, () => seen.some(isIt)))
    })
  }
})
