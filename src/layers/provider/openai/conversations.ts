import * as Chunk from "effect/Chunk"
import type * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import { reservedKeys } from "../../../domain/Json.js"
import { checkInput } from "../../../services/internal/makeSessionManager.js"
import { goneIsDone, type OpenAiClient } from "./client.js"

/**
 * One entry of the vendor's own copy of a conversation. `Message`: something said, by a role as the vendor names it. `Other`:
 * anything else, of a type as the vendor names it, such as `function_call` or `reasoning`.
 */
export type ConversationItem = Data.TaggedEnum<{
  Message: { readonly id: string; readonly role: string; readonly text: string }
  Other: { readonly id: string; readonly type: string }
}>

const maxPairs = 16
const maxKeyLength = 64

const isKey = (key: string): boolean => key.length > 0 && key.length <= maxKeyLength && !reservedKeys.has(key)

/**
 * What may be kept with a conversation: up to 16 strings of up to 512 characters, under keys of up to 64.
 */
// A record whose keys have a schema of their own drops those that do not fit.
export const ConversationMetadata = Schema.Record({
  key: Schema.String,
  value: Schema.String.pipe(Schema.maxLength(512))
}).pipe(
  Schema.filter((metadata) => {
    const keys = Object.keys(metadata)
    if (keys.length > maxPairs) return `must have no more than ${maxPairs} keys`
    return keys.every(isKey) || `must have keys of 1 to ${maxKeyLength} characters that mean nothing to JavaScript`
  })
)
export type ConversationMetadata = typeof ConversationMetadata.Type

/**
 * Where the conversation of a call is kept, in the vendor's words. `cursorOf` says where it is once there is a response with
 * this id.
 */
export interface ConversationMode {
  readonly params: Pick<ResponseCreateParamsStreaming, "conversation" | "include" | "previous_response_id" | "store">
  readonly cursorOf: (responseId: string) => string | undefined
}

/** With us only. Reasoning is sent along encrypted, so that it can go back. */
export const stateless: ConversationMode = {
  params: { store: false, include: ["reasoning.encrypted_content"] },
  cursorOf: () => undefined
}

/** For models that do not reason, and refuse to be asked for it. */
export const nowhereWithoutReasoning: ConversationMode = { ...stateless, params: { store: false } }

export const inConversation = (id: string): ConversationMode => ({ params: { conversation: id }, cursorOf: () => id })

/** Behind a response. The first is behind none. */
export const behindResponse = (id?: string): ConversationMode => ({
  params: { store: true, ...(id !== undefined && { previous_response_id: id }) },
  cursorOf: (responseId) => responseId
})

export const isConversation = (cursor: string): boolean => cursor.startsWith("conv_")

export const placeOf = (cursor: string): ConversationMode =>
  isConversation(cursor) ? inConversation(cursor) : behindResponse(cursor)

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })

/** What is read of an item as the vendor sends it. Content without text is an image or a file. */
export const WireItem = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  role: optional(Schema.String),
  content: optional(
    Schema.Array(Schema.Struct({ text: optional(Schema.String), refusal: optional(Schema.String) }))
  )
})

export const toConversationItem = ({ content, id, role, type }: typeof WireItem.Type): ConversationItem =>
  type === "message" && Predicate.isNotNullable(role)
    ? { _tag: "Message", id, role, text: (content ?? []).map(({ refusal, text }) => text ?? refusal ?? "").join("") }
    : { _tag: "Other", id, type }

/** The most that the vendor gives. */
const pageSize = 100
const concurrentDeletions = 4

/**
 * The vendor's own copies of conversations.
 */
export interface Conversations {
  /** Makes an empty one, and says its id. */
  readonly create: (metadata?: ConversationMetadata) => Effect.Effect<string, InvalidRequest | ProviderError>

  /** All that is in it, oldest first. */
  readonly items: (id: string) => Stream.Stream<ConversationItem, ProviderError>

  /**
   * Adds to its metadata, and says what it then is. Reads it first, since the vendor replaces all of it: of two updates at one
   * moment, one is lost.
   */
  readonly updateMetadata: (
    id: string,
    metadata: ConversationMetadata
  ) => Effect.Effect<ConversationMetadata, InvalidRequest | ProviderError>

  /**
   * Removes it with its items, which the vendor would keep. No error when it is gone already. Responses that were made in it stay
   * with the vendor until they expire.
   */
  readonly remove: (id: string) => Effect.Effect<void, ProviderError>
}

const Named = Schema.Struct({ id: Schema.String.pipe(Schema.maxLength(512)) })
const Described = Schema.Struct({ metadata: Schema.NullishOr(ConversationMetadata) })
const Page = Schema.Struct({ data: Schema.Array(WireItem), has_more: Schema.Boolean })

const checkMetadata = checkInput(Schema.Struct({ metadata: ConversationMetadata }))

export const makeConversations = (client: OpenAiClient): Conversations => {
  const page = (id: string, after: string | undefined) =>
    client.call(
      Page,
      (sdk, signal) =>
        sdk.conversations.items.list(
          id,
          { order: "asc", limit: pageSize, ...(after !== undefined && { after }) },
          { signal }
        )
    )

  const items: Conversations["items"] = (id) =>
    Stream.paginateChunkEffect(
      Option.none<string>(),
      (after) =>
        Effect.map(page(id, Option.getOrUndefined(after)), ({ data, has_more: hasMore }) => {
          const last = data.at(-1)
          return [
            Chunk.unsafeFromArray(data.map(toConversationItem)),
            hasMore && last ? Option.some(Option.some(last.id)) : Option.none()
          ]
        })
    )

  return {
    create: (metadata) =>
      Effect.gen(function*() {
        const checked = metadata && (yield* checkMetadata({ metadata }))
        const { id } = yield* client.call(Named, (sdk, signal) => sdk.conversations.create(checked ?? {}, { signal }))
        return id
      }),

    items,

    updateMetadata: (id, metadata) =>
      Effect.gen(function*() {
        yield* checkMetadata({ metadata })
        const before = yield* client.call(Described, (sdk, signal) => sdk.conversations.retrieve(id, { signal }))
        const merged = yield* checkMetadata({ metadata: { ...before.metadata, ...metadata } })
        yield* client.call(Schema.Unknown, (sdk, signal) => sdk.conversations.update(id, merged, { signal }))
        return merged.metadata
      }),

    remove: (id) =>
      Effect.gen(function*() {
        const all = yield* Stream.runCollect(items(id))
        yield* Effect.forEach(
          all,
          (item) =>
            goneIsDone(client.call(Schema.Unknown, (sdk, signal) =>
              sdk.conversations.items.delete(item.id, { conversation_id: id }, { signal }))),
          { concurrency: concurrentDeletions, discard: true }
        )
        yield* client.call(Schema.Unknown, (sdk, signal) =>
          sdk.conversations.delete(id, { signal }))
      }).pipe(goneIsDone)
  }
}
