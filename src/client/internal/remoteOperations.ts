import * as RpcClient from "@effect/rpc/RpcClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { AccessError, SessionError } from "../../domain/error/SessionError.js"
import type { TurnEvent } from "../../domain/Events.js"
import { IdempotencyKey } from "../../domain/Ids.js"
import type { SendMessage } from "../../domain/Send.js"
import { encodeLine } from "../../domain/SessionLines.js"
import type { ImportOptions, ImportOutcome } from "../../domain/Transfer.js"
import { type ImportPart, maxPartLength, SessionRpcs } from "../../rpc/SessionRpcs.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import { jittered } from "../../services/internal/jittered.js"
import { managerOperations, type SessionOperations, sessionOperations } from "../../services/SessionOperations.js"
import { makeRemoteCalls } from "./remoteCalls.js"

/**
 * The operations as calls to the server at `url`. Sends, feeds and imports resume when their connection breaks, for at most
 * `retryWindow`: a send repeats with the same key, a feed continues after its last event.
 */
export const remoteOperations = Effect.fnUntraced(function*(url: string, retryWindow: Duration.DurationInput) {
  const client = yield* RpcClient.make(SessionRpcs)
  const ids = yield* IdGenerator
  const resume = resumeWindow(retryWindow)
  const calls = makeRemoteCalls(client, url)
  const session = calls.ofSession(sessionOperations)

  const withKey = (message: SendMessage): Effect.Effect<SendMessage> =>
    message.key === undefined
      ? Effect.map(ids.turnId, (id) => ({ ...message, key: IdempotencyKey.make(id) }))
      : Effect.succeed(message)

  return {
    ...calls.ofManager(managerOperations),
    ...session,
    importSession: (record, options) =>
      Effect.flatMap(
        encodeLine(record),
        (text) => resume.call(sendParts(ids, text, options, (part) => calls.effect(client.ImportPart(part))))
      ),
    submit: (id, input) => Effect.flatMap(withKey(input), (message) => resume.call(session.submit(id, message))),
    send: (id, input) => Effect.flatMap(withKey(input), (message) => resume.call(session.send(id, message))),
    stream: (id, input) =>
      Stream.unwrap(Effect.map(withKey(input), (message) => {
        const unseen = unseenOf()
        return resume.stream(() => Stream.filterMap(session.stream(id, message), unseen))
      })),
    watch: (id, watch) =>
      Stream.suspend(() => {
        let { from } = watch
        return resume.stream(() =>
          Stream.map(session.watch(id, from === undefined ? {} : { from }), (event) => {
            from = event.position
            return event
          })
        )
      })
  } satisfies SessionOperations
})

/**
 * Repeats idempotent calls whose connection broke, for at most `retryWindow`. A call that never reached the server fails at
 * once, since it had no effect. A busy server that ends a connection is asked again no sooner than it says.
 */
export const resumeWindow = (retryWindow: Duration.DurationInput) => {
  const attempts = Schedule.identity<SessionError>().pipe(
    Schedule.intersect(
      jittered(Schedule.union(Schedule.exponential("100 millis", 1.5), Schedule.spaced("2 seconds")))
    ),
    Schedule.modifyDelay(([error], delay) => Duration.max(delay, retryAfter(error))),
    Schedule.upTo(retryWindow)
  )
  const detector = () => makeCutDetector((error) => Duration.lessThanOrEqualTo(retryAfter(error), retryWindow))

  return {
    call: <A, E extends SessionError>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => Effect.retry(call, { schedule: attempts, while: detector().isDown })),

    /** `next` runs for each connection, and continues where the one before it ended. */
    stream: <A, E extends SessionError>(next: () => Stream.Stream<A, E>): Stream.Stream<A, E> =>
      Stream.suspend(() => {
        const { isDown, markReached } = detector()
        return Stream.suspend(next).pipe(
          Stream.tap(() => Effect.sync(markReached)),
          Stream.retry(Schedule.whileInput(attempts, (error: E) => isDown(error)))
        )
      })
  }
}

const retryAfter = (error: SessionError): Duration.Duration =>
  Duration.millis(error._tag === "ServerBusy" ? error.retryAfterMs : 0)

/** Whether to repeat a call: it was cut off once, and the server has not returned since. */
const makeCutDetector = (isInTime: (error: SessionError) => boolean) => {
  let wasCut = false
  let wasReached = false
  return {
    markReached: () => {
      wasReached = true
    },
    isDown: (error: SessionError) => {
      // A stopping server sends `ShuttingDown` to calls that it has accepted, and to calls that arrive too late.
      wasCut ||= error._tag === "Disconnected" ? error.sent : error._tag === "ShuttingDown" && wasReached
      const mayReturn = error._tag === "Disconnected" || error._tag === "ShuttingDown" ||
        (error._tag === "ServerBusy" && isInTime(error))
      return wasCut && mayReturn
    }
  }
}

/**
 * Sends a session in parts that each fit into one call. Running it again starts over; a session that was imported meanwhile is
 * then unchanged.
 */
export const sendParts = Effect.fnUntraced(function*(
  ids: IdGenerator["Type"],
  text: string,
  options: ImportOptions,
  send: (part: ImportPart) => Effect.Effect<ImportOutcome | null, AccessError>
) {
  const upload = yield* ids.sessionId
  for (let index = 0;; index++) {
    const start = index * maxPartLength
    const last = start + maxPartLength >= text.length
    const outcome = yield* send({ upload, index, text: text.slice(start, start + maxPartLength), last, options })
    if (outcome !== null) return outcome
    if (last) return yield* Effect.dieMessage("The server did not recognize the last part of an import")
  }
})

/**
 * Filters the events of a turn that is streamed again from its beginning: keeps only what was not seen before.
 */
export const unseenOf = () => {
  const seen = new Set<TurnEvent["_tag"]>()
  let length = 0
  return (event: TurnEvent): Option.Option<TurnEvent> => {
    if (event._tag !== "TurnDelta") {
      if (seen.has(event._tag)) return Option.none()
      seen.add(event._tag)
      return Option.some(event)
    }
    const text = event.text.slice(Math.max(0, length - event.offset))
    if (text === "") return Option.none()
    const offset = Math.max(length, event.offset)
    length = offset + text.length
    return Option.some({ ...event, offset, text })
  }
}
