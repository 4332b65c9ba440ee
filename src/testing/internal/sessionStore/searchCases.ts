import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { Page } from "../../../domain/Page.js"
import type { SearchHit, TextQuery } from "../../../domain/Search.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { createSession, forkSession, messageOf } from "./samples.js"
import { type ConformanceCase, conformanceCase } from "./suite.js"

/** A word that occurs only in one case, so that cases can share a store. */
const stage = Effect.gen(function*() {
  const store = yield* SessionStore
  const word = `w${(yield* (yield* IdGenerator).sessionId).replaceAll("-", "")}`
  const say = (...texts: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const { id, userId } = yield* createSession()
      const { epoch } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, {
        messages: texts.map((text, index) =>
          messageOf(id, index + 1, { parts: [{ _tag: "Text", text: `${text} ${word}` }] })
        )
      })
      return { id, userId, epoch }
    })
  const search = store.search ?? (() => Effect.succeed<Page<SearchHit>>({ items: [] }))
  /** The `seq`s of the messages found; 0 stands for a name. */
  const finds = (text: string, expected: ReadonlyArray<number>, over: Partial<TextQuery> = {}) =>
    Effect.map(
      search({ text: `${text} ${word}`, ...over }),
      ({ items }) => assert.deepEqual(items.map(seqOf), expected, text)
    )
  return { store, word, say, search, finds }
})

const seqOf = (hit: SearchHit): number => hit._tag === "Message" ? hit.seq : 0

const searchCase = (name: string, run: ConformanceCase["run"] | Parameters<typeof conformanceCase>[1]) =>
  conformanceCase(
    name,
    Effect.flatMap(SessionStore, ({ search }) => Effect.when(run, () => search !== undefined))
  )

/**
 * Full-text search, for stores that support it.
 */
export const searchCases = [
  searchCase(
    "finds words, phrases and prefixes without regard to case and accents, latest first",
    Effect.gen(function*() {
      const { finds, say } = yield* stage
      yield* say("Crème brûlée", "the quick brown fox", "quick the fox", "日本語の全文検索", "don't 👩‍👩‍👧 stop", "ΟΔΟΣ")
      yield* finds("creme", [1])
      yield* finds("BRULEE crème", [1])
      yield* finds("fox quick", [3, 2])
      yield* finds("\"quick brown\"", [2])
      yield* finds("\"the quick\"", [2])
      yield* finds("bro*", [2])
      yield* finds("bro", [])
      yield* finds("\"quick bro\"*", [2])
      yield* finds("日本", [4])
      yield* finds("本日", [])
      yield* finds("全文*", [4])
      yield* finds("don't", [5])
      yield* finds("οδος", [6])
      yield* finds("👩‍👩‍👧", [6, 5, 4, 3, 2, 1])
    })
  ),

  searchCase(
    "rows 69, 71: ignores punctuation and treats query-language operators as words",
    Effect.gen(function*() {
      const { finds, say } = yield* stage
      yield* say("a AND b", "NEAR the OR", "50 percent")
      yield* finds("a AND b", [1])
      yield* finds("AND", [1])
      yield* finds("a NOT b", [])
      yield* finds("NEAR(the, 2)", [])
      yield* finds("near OR", [2])
      for (
        const odd of ["\"", "^", ":", "-", "'", ";", "%", "words:", "{words}", "(", ")", "\\", "\0", "--", "\" OR \""]
      ) {
        yield* finds(`percent ${odd === "words:" || odd === "{words}" || odd === "\" OR \"" ? "" : odd}`, [3])
      }
      yield* finds("words: percent", [])
      yield* finds(`${"%a".repeat(100)}`, [])
    })
  ),

  searchCase(
    "pages through results once each while messages are added",
    Effect.gen(function*() {
      const { say, search, store, word } = yield* stage
      const { epoch, id } = yield* say("one", "two", "three", "four", "five")
      const first = yield* search({ text: word, limit: 2 })
      assert.deepEqual(first.items.map(seqOf), [5, 4])
      assert.ok(first.next)
      yield* store.commit(id, epoch, { messages: [messageOf(id, 6, { parts: [{ _tag: "Text", text: word }] })] })
      const second = yield* search({ text: word, limit: 2, cursor: first.next })
      assert.deepEqual(second.items.map(seqOf), [3, 2])
      assert.ok(second.next)
      const third = yield* search({ text: word, limit: 2, cursor: second.next })
      assert.deepEqual([third.items.map(seqOf), third.next], [[1], undefined])
    })
  ),

  searchCase(
    "does not find rewound, cleared or removed messages",
    Effect.gen(function*() {
      const { finds, say, store } = yield* stage
      const { epoch, id } = yield* say("one", "two", "three")
      yield* finds("", [3, 2, 1])
      yield* store.commit(id, epoch, { rewindTo: 1 })
      yield* finds("", [1])
      yield* store.commit(id, epoch, { clearMessages: true })
      yield* finds("", [])
      const other = yield* say("again")
      yield* finds("again", [1])
      yield* store.remove(other.id, other.epoch)
      yield* finds("again", [])
    })
  ),

  searchCase(
    "finds a shared message once, and only for users who have a session with it",
    Effect.gen(function*() {
      const { finds, say, search, store, word } = yield* stage
      const { epoch, id, userId } = yield* say("one", "two")
      const fork = yield* forkSession(id, 1)
      yield* finds("", [2, 1])
      yield* finds("", [2, 1], { userId })
      yield* finds("", [1], { userId: fork.session.userId })
      yield* finds("", [1], { sessionId: fork.id })
      yield* finds("", [], { userId, sessionId: fork.id })
      const shown = (yield* search({ text: word, userId: fork.session.userId })).items.map(({ sessionId }) => sessionId)
      assert.deepEqual(shown, [fork.id])
      yield* store.remove(id, epoch)
      yield* finds("", [1])
      yield* finds("", [], { userId })
    })
  ),

  searchCase(
    "finds sessions by name and description, and filters by role",
    Effect.gen(function*() {
      const { finds, say, store, word, search } = yield* stage
      yield* say("asked", "answered")
      const { id } = yield* createSession({ config: { name: `Recipes ${word}`, description: "of my grandmother" } })
      yield* finds("grandmother recipes", [0])
      yield* finds("", [0, 2, 1])
      yield* finds("", [2], { role: "assistant" })
      const { items: [hit] } = yield* search({ text: `recipes ${word}` })
      assert.equal(hit?.sessionName, `Recipes ${word}`)
      assert.deepEqual(hit?.snippet.filter(({ match }) => match).map(({ text }) => text), ["Recipes", word])
      yield* store.remove(id, (yield* store.open(id, 0)).epoch)
      yield* finds("recipes", [])
    })
  ),

  searchCase(
    "filters by time and accepts a query of maximum length",
    Effect.gen(function*() {
      const { search, store, word } = yield* stage
      const { id } = yield* createSession()
      const { epoch } = yield* store.open(id, 0)
      const noon = DateTime.unsafeMake("2026-01-31T12:00:00Z")
      const long = "x".repeat(256)
      yield* store.commit(id, epoch, {
        messages: [-1, 0, 1].map((ms, index) =>
          messageOf(id, index + 1, {
            parts: [{ _tag: "Text", text: `${word} ${long}` }],
            createdAt: DateTime.add(noon, { millis: ms })
          })
        )
      })
      const since = (moment: DateTime.Utc) =>
        Effect.map(search({ text: word, since: moment }), ({ items }) => items.map(seqOf))
      assert.deepEqual(yield* since(noon), [3, 2])
      assert.deepEqual(yield* since(DateTime.add(noon, { millis: 1 })), [3])
      assert.deepEqual(yield* since(DateTime.add(noon, { millis: 2 })), [])
      assert.deepEqual((yield* search({ text: long, sessionId: id })).items.map(seqOf), [3, 2, 1])
    })
  )
]
