import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderTransient } from "../../../domain/error/ProviderError.js"
import type { Message } from "../../../domain/Message.js"
import { type OpenOptions, ProviderEvent, type ProviderSession } from "../../../services/Provider.js"
import { statusOf, toVendorFailure } from "../internal/sdk/errors.js"
import { isConversationGone, type OpenAiClient } from "./client.js"
import {
  afterResponse,
  type ConversationMode,
  inConversation,
  modeFromCursor,
  stateless,
  statelessWithoutReasoning
} from "./conversationMode.js"
import type { Conversations } from "./conversations.js"
import { replyStream } from "./reply.js"
import { type OpenAiSettings, toBody } from "./request.js"

/**
 * State that all sessions of a provider share.
 */
export interface OpenAiShared {
  readonly client: OpenAiClient
  readonly conversations: Conversations
  readonly mode: "conversations" | "responses" | "stateless"
  /** Models that refused a request for encrypted reasoning. */
  readonly withoutReasoning: Set<string>
  /** Set once the server turned out to have no conversations: most gateways have none. */
  hasNoConversations: boolean
}

/** Statuses of a server that does not have a path or method. */
const missingEndpointStatuses = new Set([404, 405, 501])
const closeTimeout = "5 seconds"

/**
 * Opens a session's conversation with OpenAI. Conversations that were created and never used are removed when the scope closes.
 */
export const openSession = Effect.fnUntraced(function*(
  shared: OpenAiShared,
  { config, model }: OpenOptions<OpenAiSettings>
): Effect.fn.Return<ProviderSession, never, Scope.Scope> {
  const { client, conversations, mode } = shared
  const scope = yield* Effect.scope
  /** An empty conversation, left by a call that failed before it began. */
  let spare: string | undefined
  /** Conversations to be removed. */
  const unneeded = new Set<string>()

  const remove = (id: string) =>
    conversations.remove(id).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Effect.logWarning(`Could not remove the unused conversation ${id} from ${client.name}`, cause),
        onSuccess: () => Effect.sync(() => unneeded.delete(id))
      })
    )

  yield* Effect.addFinalizer(() => {
    if (spare !== undefined) unneeded.add(spare)
    return unneeded.size === 0 ? Effect.void : Effect.timeoutOption(
      Effect.interruptible(Effect.forEach(unneeded, remove, { concurrency: "unbounded", discard: true })),
      closeTimeout
    )
  })

  const reply = (
    conversation: ConversationMode,
    messages: ReadonlyArray<Message>,
    onRefused: (thrown: unknown) => void = () => {}
  ) =>
    replyStream(client, {
      body: toBody(model, messages, config, conversation),
      toCursor: conversation.toCursor,
      onRefused
    })

  /** Falls back to another call when the vendor refuses this one for a reason that `isReason` accepts: it has done nothing. */
  const replyOr = (
    conversation: ConversationMode,
    messages: ReadonlyArray<Message>,
    isReason: (thrown: unknown) => boolean,
    fallback: () => Stream.Stream<ProviderEvent, ProviderError>
  ) =>
    Stream.suspend(() => {
      let isRefused = false
      return Stream.catchAll(
        reply(conversation, messages, (thrown) => {
          isRefused = isReason(thrown)
        }),
        (error) => isRefused ? fallback() : Stream.fail(error)
      )
    })

  const replyStateless = (messages: ReadonlyArray<Message>) =>
    Stream.suspend(() =>
      shared.withoutReasoning.has(model)
        ? reply(statelessWithoutReasoning, messages)
        : replyOr(stateless, messages, (thrown) => toVendorFailure(thrown).param === "include", () => {
          shared.withoutReasoning.add(model)
          return reply(statelessWithoutReasoning, messages)
        })
    )

  /** Undefined when the server has no conversations, or when they are not to be used. */
  const newConversation: Effect.Effect<string | undefined, ProviderError> = Effect.suspend(() => {
    const id = spare
    spare = undefined
    if (mode === "responses" || shared.hasNoConversations || id !== undefined) return Effect.succeed(id)
    return conversations.create().pipe(
      Effect.catchTag("InvalidRequest", Effect.die),
      Effect.catchAll((error) => {
        if (missingEndpointStatuses.has(statusOf(error) ?? 0)) {
          shared.hasNoConversations = true
          return Effect.succeed(undefined)
        }
        // Even if the conversation exists now, the reply is known not to have begun.
        return Effect.fail(
          error._tag === "ProviderProtocol"
            ? new ProviderTransient({ provider: client.name, reason: error.reason })
            : error
        )
      })
    )
  })

  /**
   * A conversation whose first reply did not complete is known only here: remove it, or keep it as a spare while it is empty.
   */
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

  const replyInNewConversation = (messages: ReadonlyArray<Message>) =>
    Stream.unwrap(Effect.map(newConversation, (id) =>
      id === undefined
        ? reply(afterResponse(), messages)
        : Stream.ensuringWith(reply(inConversation(id), messages), (exit) => settle(id, exit))))

  const replayed = ProviderEvent.Notice({
    notice: { _tag: "HistoryReplayed", provider: client.name, model }
  })

  return {
    respond: ({ hold, messages }) => {
      if (hold === undefined || mode === "stateless") return replyStateless(messages)
      if (hold.known === undefined) return replyInNewConversation(messages)
      const { cursor, seq } = hold.known
      const unknown = messages.filter((message) => message.seq > seq)
      return replyOr(
        modeFromCursor(cursor),
        unknown,
        isConversationGone,
        () => Stream.concat(Stream.make(replayed), replyInNewConversation(messages))
      )
    }
  }
})
