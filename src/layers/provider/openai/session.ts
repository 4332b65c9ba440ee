import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderTransient } from "../../../domain/error/ProviderError.js"
import type { Message } from "../../../domain/Message.js"
import { type OpenOptions, ProviderEvent, type ProviderSession } from "../../../services/Provider.js"
import { vendorFailureOf } from "../internal/sdk/errors.js"
import { isGone, type OpenAiClient, type OpenAiSettings, statusOf } from "./client.js"
import {
  behindResponse,
  type ConversationMode,
  type Conversations,
  inConversation,
  nowhereWithoutReasoning,
  placeOf,
  stateless
} from "./conversations.js"
import { replyStream } from "./reply.js"
import { toBody } from "./request.js"

/**
 * What the sessions of a provider share.
 */
export interface OpenAiShared {
  readonly client: OpenAiClient
  readonly conversations: Conversations
  readonly mode: "conversations" | "responses" | "stateless"
  /** Models that have refused to send their reasoning along. */
  readonly withoutReasoning: Set<string>
  /** Set when the vendor turned out to have no conversations: most gateways have none. */
  hasNoConversations: boolean
}

/** What a server says of a path, or of a method, that it does not have. */
const notThere = new Set([404, 405, 501])
const removalAtClose = "5 seconds"

export const openSession = Effect.fnUntraced(function*(
  house: OpenAiShared,
  { config, model }: OpenOptions<OpenAiSettings>
): Effect.fn.Return<ProviderSession, never, Scope.Scope> {
  const { client, conversations, mode } = house
  const scope = yield* Effect.scope
  /** An empty conversation, made for a call that came to nothing. */
  let spare: string | undefined
  /** Conversations that nobody needs, until they are removed. */
  const unneeded = new Set<string>()

  const remove = (id: string) =>
    conversations.remove(id).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Effect.logWarning("A conversation that nobody needs could not be removed from the vendor", cause),
        onSuccess: () => Effect.sync(() => unneeded.delete(id))
      })
    )

  yield* Effect.addFinalizer(() => {
    if (spare !== undefined) unneeded.add(spare)
    return unneeded.size === 0 ? Effect.void : Effect.timeoutOption(
      Effect.interruptible(Effect.forEach(unneeded, remove, { concurrency: "unbounded", discard: true })),
      removalAtClose
    )
  })

  const reply = (
    place: ConversationMode,
    messages: ReadonlyArray<Message>,
    onRefused: (thrown: unknown) => void = () => {}
  ) =>
    replyStream(client, {
      body: toBody(model, messages, config, place),
      cursorOf: place.cursorOf,
      onRefused
    })

  /** Calls again, another way, when the vendor has refused for this reason. It has done nothing then. */
  const replyOr = (
    place: ConversationMode,
    messages: ReadonlyArray<Message>,
    isReason: (thrown: unknown) => boolean,
    other: () => Stream.Stream<ProviderEvent, ProviderError>
  ) =>
    Stream.suspend(() => {
      let isRefused = false
      return Stream.catchAll(
        reply(place, messages, (thrown) => {
          isRefused = isReason(thrown)
        }),
        (error) => isRefused ? other() : Stream.fail(error)
      )
    })

  const inNoConversation = (messages: ReadonlyArray<Message>) =>
    Stream.suspend(() =>
      house.withoutReasoning.has(model)
        ? reply(nowhereWithoutReasoning, messages)
        : replyOr(stateless, messages, (thrown) => vendorFailureOf(thrown).param === "include", () => {
          house.withoutReasoning.add(model)
          return reply(nowhereWithoutReasoning, messages)
        })
    )

  const newConversation: Effect.Effect<string | undefined, ProviderError> = Effect.suspend(() => {
    const id = spare
    spare = undefined
    if (mode === "responses" || house.hasNoConversations || id !== undefined) return Effect.succeed(id)
    return conversations.create().pipe(
      Effect.catchTag("InvalidRequest", Effect.die),
      Effect.catchAll((error) => {
        if (notThere.has(statusOf(error) ?? 0)) {
          house.hasNoConversations = true
          return Effect.succeed(undefined)
        }
        // Whatever became of it: the reply has certainly not begun.
        return Effect.fail(
          error._tag === "ProviderProtocol"
            ? new ProviderTransient({ provider: client.name, reason: error.reason })
            : error
        )
      })
    )
  })

  /** A conversation whose first reply did not come whole is known to nobody else. */
  const settle = (id: string, exit: Exit.Exit<unknown, ProviderError>) => {
    if (Exit.isSuccess(exit)) return Effect.void
    const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
    if (error === undefined || error._tag === "ProviderProtocol") {
      unneeded.add(id)
      return Effect.forkIn(remove(id), scope)
    }
    if (statusOf(error) !== 404) spare = id
    return Effect.void
  }

  const inNewConversation = (messages: ReadonlyArray<Message>) =>
    Stream.unwrap(Effect.map(newConversation, (id) =>
      id === undefined
        ? reply(behindResponse(), messages)
        : Stream.ensuringWith(reply(inConversation(id), messages), (exit) => settle(id, exit))))

  const replayed = ProviderEvent.Notice({
    notice: { _tag: "HistoryReplayed", provider: client.name, model }
  })

  return {
    respond: ({ hold, messages }) => {
      if (hold === undefined || mode === "stateless") return inNoConversation(messages)
      if (hold.known === undefined) return inNewConversation(messages)
      const { cursor, seq } = hold.known
      const unknown = messages.filter((message) => message.seq > seq)
      return replyOr(
        placeOf(cursor),
        unknown,
        isGone,
        () => Stream.concat(Stream.make(replayed), inNewConversation(messages))
      )
    }
  }
})
