import * as RpcClient from "@effect/rpc/RpcClient"
import type { RpcClientError } from "@effect/rpc/RpcClientError"
import type * as Duration from "effect/Duration"
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
import type { SessionOperations } from "../../services/SessionOperations.js"
import { remoteCause } from "./remoteCause.js"

/**
 * Makes calls that can be repeated survive a broken connection: they are made again, for as long as it is told. A call that
 * never got through fails at once, since nothing of it is in doubt.
 */
export const resumeWindow = (retryWindow: Duration.DurationInput) => {
  const attempts = Schedule.exponential("100 millis", 1.5).pipe(
    Schedule.union(Schedule.spaced("2 seconds")),
    jittered,
    Schedule.upTo(retryWindow)
  )

  return {
    call: <A, E extends SessionError>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => Effect.retry(call, { schedule: attempts, while: untilCutOff().isAway })),

    /** `next` is run for each connection, and goes on where the one before it ended. */
    stream: <A, E extends SessionError>(next: () => Stream.Stream<A, E>): Stream.Stream<A, E> =>
      Stream.suspend(() => {
        const { isAway, isThere } = untilCutOff()
        return Stream.suspend(next).pipe(
          Stream.tap(() => Effect.sync(isThere)),
          Stream.retry(Schedule.whileInput(attempts, (error: E) => isAway(error)))
        )
      })
  }
}

/** Tells whether a call is to be made again: it was cut off once, and the server is not back yet. */
const untilCutOff = () => {
  let wasCut = false
  let wasThere = false
  return {
    isThere: () => {
      wasThere = true
    },
    isAway: (error: SessionError) => {
      // A server that is about to stop says so to who listens already, and to who comes too late.
      wasCut ||= error._tag === "Disconnected" ? error.sent : error._tag === "ShuttingDown" && wasThere
      return wasCut && (error._tag === "Disconnected" || error._tag === "ShuttingDown")
    }
  }
}

/**
 * Sends a session in pieces that each fit into a call. Run again, it begins again: what was imported already is unchanged then.
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
    if (last) return yield* Effect.dieMessage("The server takes the last piece of a session for another one")
  }
})

/**
 * Tells what is new of a turn's events when the turn is shown again from its beginning.
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

/**
 * The operations by calls to the server at `url`. Each send carries a key, so that it can be sent again when its connection
 * breaks.
 */
export const remoteOperations = Effect.fnUntraced(function*(url: string, patience: Duration.DurationInput) {
  const client = yield* RpcClient.make(SessionRpcs)
  const ids = yield* IdGenerator
  const toDomainError = remoteCause(url)
  const resume = resumeWindow(patience)

  const call = <A, E, R>(self: Effect.Effect<A, E | RpcClientError, R>) =>
    Effect.catchAllCause(self, (cause) => Effect.failCause(toDomainError<E>(cause)))
  const callStream = <A, E, R>(self: Stream.Stream<A, E | RpcClientError, R>) =>
    Stream.catchAllCause(self, (cause) => Stream.failCause(toDomainError<E>(cause)))

  const withKey = (message: SendMessage): Effect.Effect<SendMessage> =>
    message.key === undefined
      ? Effect.map(ids.turnId, (id) => ({ ...message, key: IdempotencyKey.make(id) }))
      : Effect.succeed(message)

  return {
    create: (input) => call(client.Create(input)),
    getOrCreate: (input) => call(client.GetOrCreate(input)),
    list: (query) => call(client.List(query)),
    searchMessages: (query) => call(client.SearchMessages(query)),
    optimize: call(Effect.suspend(() => client.Optimize())),
    stats: call(Effect.suspend(() => client.Stats())),
    backup: (name) => call(client.Backup({ name })),
    listProviders: call(Effect.suspend(() => client.ListProviders())),
    providerInfo: (name) => call(client.ProviderInfo({ name })),
    deadLetters: (query) => call(client.DeadLetters(query)),
    replayDeadLetters: (replay) => call(client.ReplayDeadLetters(replay)),
    exportSessions: (query) => callStream(client.ExportSessions(query)),
    importSession: (record, options) =>
      Effect.flatMap(
        encodeLine(record),
        (text) => resume.call(sendParts(ids, text, options, (part) => call(client.ImportPart(part))))
      ),
    eraseUser: (userId) => call(client.EraseUser({ userId })),
    cleanup: (cleanup) => call(client.Cleanup(cleanup)),
    analytics: (query) => call(client.Analytics(query)),
    health: call(Effect.suspend(() => client.Health())),
    info: (sessionId) => call(client.Info({ sessionId })),
    context: (sessionId) => call(client.Context({ sessionId })),
    metrics: (sessionId) => call(client.Metrics({ sessionId })),
    turns: (sessionId) => call(client.Turns({ sessionId })),
    turn: (sessionId, turnId) => call(client.Turn({ sessionId, turnId })),
    messages: (sessionId, query) => call(client.Messages({ sessionId, query })),
    message: (sessionId, messageId) => call(client.Message({ sessionId, messageId })),
    export: (sessionId) => call(client.Export({ sessionId })),
    submit: (sessionId, input) =>
      Effect.flatMap(withKey(input), (message) => resume.call(call(client.Submit({ sessionId, message })))),
    send: (sessionId, input) =>
      Effect.flatMap(withKey(input), (message) => resume.call(call(client.Send({ sessionId, message })))),
    stream: (sessionId, input) =>
      Stream.unwrap(Effect.map(withKey(input), (message) => {
        const unseen = unseenOf()
        return resume.stream(() => Stream.filterMap(callStream(client.Stream({ sessionId, message })), unseen))
      })),
    watch: (sessionId, watch) =>
      Stream.suspend(() => {
        let { from } = watch
        return resume.stream(() =>
          Stream.map(
            callStream(client.Watch({ sessionId, watch: from === undefined ? {} : { from } })),
            (event) => {
              from = event.position
              return event
            }
          )
        )
      }),
    pending: (sessionId) => call(client.Pending({ sessionId })),
    edit: (sessionId, edit) => call(client.Edit({ sessionId, edit })),
    stop: (sessionId, stop) => call(client.Stop({ sessionId, stop })),
    sendSystem: (sessionId, content) => call(client.SendSystem({ sessionId, content })),
    updateContext: (sessionId, patch) => call(client.UpdateContext({ sessionId, patch })),
    configure: (sessionId, changes) => call(client.Configure({ sessionId, changes })),
    clear: (sessionId) => call(client.Clear({ sessionId })),
    fork: (sessionId, fork) => call(client.Fork({ sessionId, fork })),
    rewind: (sessionId, rewind) => call(client.Rewind({ sessionId, rewind })),
    archive: (sessionId) => call(client.Archive({ sessionId })),
    reactivate: (sessionId) => call(client.Reactivate({ sessionId })),
    delete: (sessionId) => call(client.Delete({ sessionId }))
  } satisfies SessionOperations
})
