import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { checkInput } from "../../../services/internal/checkedCalls.js"
import { ignoreNotFound, type OpenAiClient } from "./client.js"
import { type ConversationItem, ConversationMetadata, type Conversations } from "./conversations.js"

/** The vendor's maximum. */
const pageSize = 100
const concurrentDeletions = 4

// A module apart from the interface, whose declaration must not need the types of `openai`.
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
        const { id } = yield* client.call(Created, (sdk, signal) => sdk.conversations.create(checked ?? {}, { signal }))
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
            ignoreNotFound(client.call(Schema.Unknown, (sdk, signal) =>
              sdk.conversations.items.delete(item.id, { conversation_id: id }, { signal }))),
          { concurrency: concurrentDeletions, discard: true }
        )
        yield* client.call(Schema.Unknown, (sdk, signal) =>
          sdk.conversations.delete(id, { signal }))
      }).pipe(ignoreNotFound)
  }
}

const checkMetadata = checkInput(Schema.Struct({ metadata: ConversationMetadata }))

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })

/** The fields read of an item. Content without text is an image or a file. */
const WireItem = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  role: optional(Schema.String),
  content: optional(
    Schema.Array(Schema.Struct({ text: optional(Schema.String), refusal: optional(Schema.String) }))
  )
})
const Created = Schema.Struct({ id: Schema.String.pipe(Schema.maxLength(512)) })
const Described = Schema.Struct({ metadata: Schema.NullishOr(ConversationMetadata) })
const Page = Schema.Struct({ data: Schema.Array(WireItem), has_more: Schema.Boolean })

const toConversationItem = ({ content, id, role, type }: typeof WireItem.Type): ConversationItem =>
  type === "message" && Predicate.isNotNullable(role)
    ? { _tag: "Message", id, role, text: (content ?? []).map(({ refusal, text }) => text ?? refusal ?? "").join("") }
    : { _tag: "Other", id, type }
