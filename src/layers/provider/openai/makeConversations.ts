import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { InvalidRequest } from "../../../domain/error/InvalidRequest.js"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { checkInput } from "../../../services/internal/checkInput.js"
import type { ConversationItem } from "./ConversationItem.js"
import { ConversationMetadata } from "./ConversationMetadata.js"
import { goneIsDone } from "./goneIsDone.js"
import type { OpenAiClient } from "./makeClient.js"
import { toConversationItem, WireItem } from "./toConversationItem.js"

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
