import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { MessageQuery, Part } from "../../../domain/Message.js"
import type { Cursor, Page } from "../../../domain/Page.js"
import { encodedBytes, maxEventBytes, maxPageBytes } from "../../../domain/Size.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { createSession, eventOf, messageOf, ownSession, promptOf, turnOf } from "./samples.js"
import { conformanceCase } from "./suite.js"

/** 1,000,000 bytes as JSON. */
const large: Part = { _tag: "Opaque", provider: "mock", kind: "thinking", data: "a".repeat(1_000_000) }

/** 900,000 bytes as JSON in UTF-8, and no text to search. */
const escaped: Part = { _tag: "Opaque", provider: "mock", kind: "thinking", data: "\0\u4e2d".repeat(100_000) }

const promptOfSize = (size: number) => ({ ...promptOf(""), parts: Array.from({ length: size }, () => large) })

/** All pages of a list, each with its items. */
const pagesOf = <A, E>(read: (page: { readonly cursor?: Cursor }) => Effect.Effect<Page<A>, E, SessionStore>) =>
  Effect.gen(function*() {
    const pages: Array<ReadonlyArray<A>> = []
    let cursor: Cursor | undefined
    do {
      const page = yield* read(cursor === undefined ? {} : { cursor })
      pages.push(page.items)
      cursor = page.next
    } while (cursor !== undefined)
    return pages
  })

const assertBounded = <A>(pages: ReadonlyArray<ReadonlyArray<A>>, maxBytes: number) => {
  for (const page of pages.filter(({ length }) => length > 1)) {
    const bytes = page.reduce((bytes, item) => bytes + encodedBytes(item), 0)
    assert.ok(bytes <= maxBytes, `${page.length} items of ${bytes} bytes`)
  }
}

/** Pages through a history, and returns the `seq`s of each page. */
const seqPages = (id: SessionId, query: MessageQuery) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const pages = yield* pagesOf((page) => store.messages(id, { ...query, ...page }))
    assertBounded(pages, maxPageBytes)
    return pages.map((page) => page.map(({ seq }) => seq))
  })

/**
 * Pages that end before they take too many bytes.
 */
export const pageSizeCases = [
  conformanceCase(
    "ends a page of messages before 24 MiB, and skips and repeats none",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      // In megabytes. Every other one is of the user.
      const sizes = [1, 0, 26, 0, 1]
      yield* store.commit(id, epoch, {
        messages: sizes.map((size, index) =>
          messageOf(id, index + 1, size === 0 ? {} : { parts: Array.from({ length: size }, () => large) })
        )
      })
      assert.deepEqual(yield* seqPages(id, {}), [[1, 2], [3], [4, 5]])
      assert.deepEqual(yield* seqPages(id, { limit: 1, role: "assistant" }), [[2], [4]])
      assert.deepEqual(yield* seqPages(id, { role: "user", order: "newest" }), [[5], [3], [1]])
      assert.deepEqual(yield* seqPages(id, { role: "assistant", order: "newest" }), [[4, 2]])

      // Rewound messages are pages too, in a history of several segments.
      yield* store.commit(id, epoch, { rewindTo: 2, messages: [messageOf(id, 6)] })
      assert.deepEqual(yield* seqPages(id, {}), [[1, 2, 6]])
      assert.deepEqual(yield* seqPages(id, { rewound: true, order: "newest" }), [[6, 5, 4], [3], [2, 1]])
      yield* store.remove(id, epoch)
    })
  ),

  conformanceCase(
    "counts the bytes of a message as it is sent",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      // Of 1.8 and of 0.5 megabytes as JSON in UTF-8, and of a fifth of that as text.
      yield* store.commit(id, epoch, {
        messages: Array.from(
          { length: 27 },
          (_, index) =>
            messageOf(
              id,
              index + 1,
              index % 2 === 0 ? { parts: [escaped, escaped] } : {
                parts: [],
                metadata: { text: "\u0001".repeat(60_000) },
                providerMetadata: { text: "\u4e2d\u{1F600}".repeat(10_000), more: "\\\"".repeat(15_000) }
              }
            )
        )
      })
      const pages = yield* seqPages(id, {})
      assert.deepEqual(pages.map(({ length }) => length), [21, 6])
      assert.deepEqual(pages.flat(), Array.from({ length: 27 }, (_, index) => index + 1))
      yield* store.remove(id, epoch)
    })
  ),

  conformanceCase(
    "ends a page of sessions before 24 MiB",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { userId } = yield* createSession()
      const config = {
        providerConfig: { prompt: "\u0001".repeat(65_000) },
        customSettings: { text: "\0".repeat(65_000) }
      }
      const bytes = encodedBytes(config)
      const count = Math.ceil(maxPageBytes / bytes)
      for (let index = 0; index < count; index++) yield* createSession({ userId, config })
      const pages = yield* pagesOf((page) => store.list({ userId, limit: 500, ...page }))
      assertBounded(pages, maxPageBytes)
      assert.equal(pages.length, 2)
      assert.equal(new Set(pages.flat().map(({ id }) => id)).size, count + 1)
    })
  ),

  conformanceCase(
    "returns no more turns than fit into 24 MiB",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1), turnOf(id, 2, { prompt: promptOfSize(13) })] })
      yield* store.commit(id, epoch, { turns: [turnOf(id, 3, { prompt: promptOfSize(11) })] })
      const ordinals = Effect.map(store.turns(id, 50), (turns) => turns.map(({ ordinal }) => ordinal))
      assert.deepEqual(yield* ordinals, [3, 2, 1])
      yield* store.commit(id, epoch, { turns: [turnOf(id, 4, { prompt: promptOfSize(2) })] })
      assert.deepEqual(yield* ordinals, [4, 3])
      yield* store.remove(id, epoch)
    })
  ),

  conformanceCase(
    "returns events in pieces of at most 64 KiB, or one event",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const contents = ["a".repeat(30_000), "b".repeat(30_000), "c", "\0".repeat(10_800), large, "e"]
      const messages = contents.map((content, index) =>
        messageOf(id, index + 1, {
          parts: [typeof content === "string" ? { _tag: "Text", text: content } : content]
        })
      )
      yield* store.commit(id, epoch, {
        messages,
        events: [
          ...messages.map((message, index) => eventOf(id, index + 2, { _tag: "MessageSent", message })),
          ...Array.from({ length: 300 }, (_, index) => eventOf(id, index + 8, { _tag: "SessionArchived" }))
        ]
      })
      const pieces: Array<ReadonlyArray<SessionEvent>> = []
      let events = yield* store.events(id, 1, 1000)
      while (events.length > 0) {
        pieces.push(events)
        events = yield* store.events(id, events.at(-1)?.number ?? 0, 1000)
      }
      assertBounded(pieces, maxEventBytes)
      const numbers = pieces.map((piece) => piece.map(({ number }) => number))
      assert.deepEqual(numbers.slice(0, 3), [[2, 3, 4], [5], [6]])
      assert.deepEqual(numbers.flat(), Array.from({ length: 306 }, (_, index) => index + 2))
      assert.ok(numbers.length <= 6)
    })
  )
]
