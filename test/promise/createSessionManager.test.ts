import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { afterAll, assert, beforeAll, describe, expect, expectTypeOf, it, test } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Stream } from "effect"
import { ConfigurationError, InternalError, ShuttingDown } from "../../src/domain/error/RequestError.js"
import { SessionNotFound } from "../../src/domain/error/SessionError.js"
import { MiddlewareError } from "../../src/domain/error/TurnError.js"
import type { SessionEvent, TurnEvent } from "../../src/domain/Events.js"
import { JsonRecord } from "../../src/domain/Json.js"
import type { Message } from "../../src/domain/Message.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { createSessionManager } from "../../src/promise/createSessionManager.js"
import { createSimpleSession } from "../../src/promise/createSimpleSession.js"
import { defineMiddleware, refuse } from "../../src/promise/define.js"
import { getOrCreateSession, withSession } from "../../src/services/promise/PromiseSession.js"
import type { CallOptions, PromiseSession } from "../../src/services/promise/PromiseSession.js"
import { defineProvider, ProviderEvent } from "../../src/services/Provider.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const ada = { userId: "ada", provider: "mock", model: "mock-model" }

const rejection = (promise: Promise<unknown>) => promise.then(() => "no rejection", (error: unknown) => error)

/** A provider that waits until it is opened, with a signal for when it is called. */
const gate = () => {
  const [called, open, left] = [Deferred.make<void>(), Deferred.make<void>(), Deferred.make<void>()].map(Effect.runSync)
  assert.isDefined(called)
  assert.isDefined(open)
  assert.isDefined(left)
  const provider = defineProvider({
    name: "mock",
    capabilities: { conversation: "stateless", images: [], files: [], tools: false },
    configSchema: JsonRecord,
    open: () =>
      Effect.succeed({
        respond: () =>
          Stream.fromEffect(Deferred.succeed(called ?? never(), undefined)).pipe(
            Stream.flatMap(() => Stream.make(ProviderEvent.TextDelta({ text: "slow" }))),
            Stream.concat(Stream.drain(Stream.fromEffect(Deferred.await(open ?? never())))),
            Stream.concat(Stream.make(ProviderEvent.Finished({ reason: "complete" })))
          )
      })
  })
  return {
    provider,
    called: Effect.runPromise(Deferred.await(called ?? never())),
    open: () => Effect.runSync(Deferred.succeed(open ?? never(), undefined))
  }
}
const never = (): never => {
  throw new Error("unreachable")
}

const messageOf = async (promise: Promise<unknown>) => {
  const error = await rejection(promise)
  assert.instanceOf(error, ConfigurationError)
  return error.message
}

describe("createSessionManager", () => {
  const unhandled: Array<unknown> = []
  const note = (error: unknown) => unhandled.push(error)
  beforeAll(() => void process.on("unhandledRejection", note))
  afterAll(() => {
    process.off("unhandledRejection", note)
    assert.deepStrictEqual(unhandled, [])
  })

  test("rejects with the error itself", async () => {
    await using manager = await createSessionManager()
    const error = await rejection(manager.get("never-started"))
    assert.instanceOf(error, SessionNotFound)
    assert.strictEqual(error.sessionId, "never-started")
  })

  test("rejects a wrong option by name", async () => {
    assert.match(
      await messageOf(createSessionManager({ storage: { kind: "redis" } })),
      /unknown store kind "redis"; use one of: memory, sqlite/
    )
    assert.match(
      await messageOf(createSessionManager({ storage: "memory", preset: "production" })),
      /providers: .* needs at least one/
    )
    assert.match(
      await messageOf(createSessionManager({ providers: { unknown: true } })),
      /unknown provider kind "unknown"/
    )
    assert.match(
      await messageOf(createSessionManager({ middleware: [{ name: "a" }, { name: "a" }] })),
      /"a"/
    )
  })

  test("stops waiting when a signal aborts, and the turn continues", async () => {
    const { called, open, provider } = gate()
    await using manager = await createSessionManager({ providers: [provider] })
    const session = await manager.create(ada)
    const leaving = new AbortController()
    const sending = session.send({ content: "Hello", key: "1" }, { signal: leaving.signal })
    await called
    leaving.abort(new Error("enough"))
    await expect(sending).rejects.toThrow("enough")
    open()
    assert.strictEqual((await session.send({ content: "Hello", key: "1" })).text, "slow")
    await expect(session.info({ signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before")
  })

  test("ends a stream that is left, even while a step waits", async () => {
    const { called, open, provider } = gate()
    await using manager = await createSessionManager({ providers: [provider] })
    const session = await manager.create(ada)
    for await (const event of session.watch()) {
      assert.strictEqual(event.event._tag, "SessionCreated")
      break
    }
    const feed = session.watch()
    assert.isFalse((await feed.next()).done)
    const waiting = feed.next()
    assert.isTrue((await feed.return?.())?.done)
    assert.isTrue((await waiting).done)
    assert.isTrue((await feed.next()).done)

    const seen: Array<string> = []
    const reading = (async () => {
      for await (const { _tag } of session.stream("Hello")) seen.push(_tag)
    })()
    await called
    open()
    await reading
    assert.deepStrictEqual([seen.at(0), seen.at(-1)], ["TurnAccepted", "TurnCompleted"])
  })

  test("ends a feed when a signal aborts", async () => {
    await using manager = await createSessionManager()
    const session = await manager.create(ada)
    const leaving = new AbortController()
    const feed = session.watch({}, { signal: leaving.signal })
    assert.isFalse((await feed.next()).done)
    const waiting = feed.next()
    leaving.abort(new Error("enough"))
    await expect(waiting).rejects.toThrow("enough")
    assert.isTrue((await feed.next()).done)
  })

  test("lets running calls end when it closes, and refuses later ones", async () => {
    const { called, open, provider } = gate()
    const manager = await createSessionManager({ providers: [provider] })
    const session = await manager.create(ada)
    const sending = session.send("Hello")
    const feed = session.watch()
    await called
    const closing = manager.close()
    assert.instanceOf(await rejection(session.info()), ShuttingDown)
    open()
    assert.strictEqual((await sending).text, "slow")
    await closing
    await manager.close()
    assert.instanceOf(await rejection(manager.create(ada)), ShuttingDown)
    assert.instanceOf(await rejection(feed.next()), ShuttingDown)
  })

  test("ends calls that exceed the drain timeout, without an unhandled rejection", async () => {
    const { called, provider } = gate()
    const manager = await createSessionManager({ providers: [provider], drainTimeout: 0 })
    const session = await manager.create(ada)
    const sending = session.send("Hello")
    await called
    await manager.close()
    const error = await rejection(sending)
    assert.include(["ShuttingDown", "TurnInterrupted"], error instanceof Error ? error.name : error)
  })

  test("hides a defect behind an InternalError", async () => {
    const storage = Layer.map(
      MemorySessionStore.layer(),
      (context) =>
        Context.make(SessionStore, { ...Context.get(context, SessionStore), health: Effect.die(new Error("secret")) })
    )
    await using manager = await createSessionManager({ storage })
    const error = await rejection(manager.health())
    assert.instanceOf(error, InternalError)
    assert.notInclude(error.message, "secret")
  })

  test("keeps sessions in a file, which a second manager cannot open", async () => {
    await Effect.runPromise(
      Effect.scoped(Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const filename = `${yield* files.makeTempDirectoryScoped()}/sessions.db`
        yield* Effect.promise(async () => {
          const first = await createSessionManager({ storage: { kind: "sqlite", filename } })
          const { id, send } = await first.create(ada)
          await send("Remember me")
          await expect(createSessionManager({ storage: { kind: "sqlite", filename } })).rejects.toMatchObject({
            _tag: "StoreError",
            reason: "Locked"
          })
          await first.close()
          await using second = await createSessionManager({ storage: { kind: "sqlite", filename } })
          const { items } = await (await second.get(id)).messages()
          assert.deepStrictEqual(items.map(({ text }) => text), ["Remember me", "You said: Remember me"])
        })
      })).pipe(Effect.provide(NodeContext.layer))
    )
  })

  test("accepts async middleware and hooks", async () => {
    const received: Array<SessionEvent["_tag"]> = []
    const manager = await createSessionManager({
      middleware: [
        defineMiddleware({
          name: "polite",
          admission: async (prompt) => prompt.metadata["rude"] === true ? refuse("be polite") : prompt,
          reply: (reply) => ({ ...reply, parts: [{ _tag: "Text", text: "filtered" }] })
        }),
        {
          name: "broken",
          when: ({ session }) => session.userId === "bob",
          admission: () => Promise.reject(new Error())
        }
      ],
      hooks: [{ name: "recorder", on: async ({ _tag }) => void received.push(_tag) }]
    })
    const session = await manager.create(ada)
    assert.strictEqual((await session.send("Hello")).text, "filtered")
    const refused = await rejection(session.send({ content: "Hello", metadata: { rude: true } }))
    assert.instanceOf(refused, MiddlewareError)
    assert.include(refused.message, "be polite")
    assert.instanceOf(await rejection((await manager.create({ ...ada, userId: "bob" })).send("Hello")), MiddlewareError)
    await manager.close()
    assert.includeMembers(received, ["SessionCreated", "MessageReceived", "TurnCompleted"])
  })

  test("gets or creates a session, and archives one whose use fails", async () => {
    await using manager = await createSessionManager({ preset: "development" })
    const session = await getOrCreateSession(manager, { userId: "ada" })
    assert.strictEqual((await getOrCreateSession(manager, { userId: "ada" })).id, session.id)
    assert.strictEqual(await withSession(session, async ({ send }) => (await send("Hi")).text), "You said: Hi")
    assert.strictEqual((await session.info()).status, "active")
    await expect(withSession(session, () => Promise.reject(new Error("mine")))).rejects.toThrow("mine")
    assert.strictEqual((await session.info()).status, "archived")
    assert.notStrictEqual((await getOrCreateSession(manager, { userId: "ada" })).id, session.id)
  })

  test("creates a simple session with its own manager", async () => {
    const session = await createSimpleSession({ userId: "ada" })
    assert.strictEqual((await session.send("Hi")).text, "You said: Hi")
    await session.close()
    assert.instanceOf(await rejection(session.send("Hi")), ShuttingDown)
    assert.instanceOf(await rejection(createSimpleSession({ userId: "ada", provider: "none" })), ConfigurationError)
  })

  it.effect("has the types of the service", () =>
    Effect.sync(() => {
      expectTypeOf<PromiseSession["info"]>().parameters.toEqualTypeOf<[options?: CallOptions]>()
      expectTypeOf<ReturnType<PromiseSession["send"]>>().toEqualTypeOf<Promise<Message>>()
      expectTypeOf<ReturnType<PromiseSession["stream"]>>().toEqualTypeOf<AsyncIterableIterator<TurnEvent>>()
      expectTypeOf<ReturnType<PromiseSession["fork"]>>().toEqualTypeOf<Promise<PromiseSession>>()
    }))
})
