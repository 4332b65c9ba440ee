import * as RpcClient from "@effect/rpc/RpcClient"
import type { RpcClientError } from "@effect/rpc/RpcClientError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { IdempotencyKey } from "../../domain/IdempotencyKey.js"
import type { SendMessage } from "../../domain/SendMessage.js"
import { encodeLine } from "../../domain/SessionLines.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import type { SessionOperations } from "../../services/SessionOperations.js"
import { remoteCause } from "./remoteCause.js"
import { resumeFor } from "./resumeFor.js"
import { sendParts } from "./sendParts.js"
import { unseenOf } from "./unseenOf.js"

/**
 * The operations by calls to the server at `url`. Each send carries a key, so that it can be sent again when its connection
 * breaks.
 */
export const remoteOperations = Effect.fnUntraced(function*(url: string, patience: Duration.DurationInput) {
  const client = yield* RpcClient.make(SessionRpcs)
  const ids = yield* IdGenerator
  const inOurWords = remoteCause(url)
  const resume = resumeFor(patience)

  const call = <A, E, R>(self: Effect.Effect<A, E | RpcClientError, R>) =>
    Effect.catchAllCause(self, (cause) => Effect.failCause(inOurWords<E>(cause)))
  const callStream = <A, E, R>(self: Stream.Stream<A, E | RpcClientError, R>) =>
    Stream.catchAllCause(self, (cause) => Stream.failCause(inOurWords<E>(cause)))

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
