import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope, Stream, TestClock } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { start } from "../host/anotherHost.js"
import { listening } from "../host/listening.js"
import { spokenReply } from "../host/spokenReply.js"
import { token } from "../rpc/token.js"

/** A server over the runtime of the test, which can restart on the same port. */
const serve = (port = 0) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const server = yield* Layer.buildWithScope(SessionServer.layer({ token, port, drainTimeout: 0 }), scope)
    return { ...Context.get(server, SessionServer), stop: Scope.close(scope, Exit.void) }
  })

const turnOfTheLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Advances the clock and lets the event loop read from the wire until the effect is done. */
const whileTimeGoesBy = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* Effect.repeat(Effect.zipRight(TestClock.adjust("100 millis"), turnOfTheLoop), {
      until: () => fiber.unsafePoll() !== null
    })
    return yield* Fiber.join(fiber)
  })

/** A turn that has streamed "one ", and a remote client that reads it. */
const distant = (transport: "http" | "websocket") =>
  Effect.gen(function*() {
    const { port, stop, url } = yield* serve()
    const local = yield* start
    const spoken = yield* spokenReply
    const mock = yield* MockProvider
    yield* mock.script([spoken.reply])
    const remote = yield* Layer.build(SessionClient.layer({ url, token, transport, resumeFor: "1 hour" }))
    const session = Context.get(remote, SessionManager).session(local.id)
    const calls = Effect.map(mock.requests, ({ length }) => length)
    return { ...spoken, calls, local, restart: Effect.zipRight(stop, serve(port)), session }
  })

describe.each(["http", "websocket"] as const)("a cut connection over %s", (transport) => {
  it.scoped("neither fails a send nor calls the provider twice", () =>
    Effect.gen(function*() {
      const { asked, calls, finish, local, restart, say, session } = yield* distant(transport)
      const send = yield* Effect.fork(session.send("hello"))
      yield* asked
      yield* restart
      yield* say("one two")
      yield* finish()
      const reply = yield* whileTimeGoesBy(Fiber.join(send))
      assert.strictEqual(reply.text, "one two")
      assert.strictEqual(yield* calls, 1)
      assert.lengthOf((yield* local.messages()).items, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("causes no gap and no repeat in a stream", () =>
    Effect.gen(function*() {
      const { calls, finish, restart, say, session } = yield* distant(transport)
      const stream = yield* listening(session.stream("hello"))
      yield* say("one ")
      yield* stream.until(({ _tag }) => _tag === "TurnDelta")
      yield* restart
      yield* say("two ")
      yield* whileTimeGoesBy(stream.until(({ _tag }) => _tag === "TurnDelta"))
      yield* say("three")
      yield* finish()
      yield* stream.end
      assert.deepStrictEqual(stream.heard.map(({ _tag }) => _tag), [
        "TurnAccepted",
        "TurnStarted",
        "TurnDelta",
        "TurnDelta",
        "TurnDelta",
        "TurnCompleted"
      ])
      const deltas = stream.heard.flatMap((event) => event._tag === "TurnDelta" ? [[event.offset, event.text]] : [])
      assert.deepStrictEqual(deltas, [[0, "one "], [4, "two "], [8, "three"]])
      assert.strictEqual(yield* calls, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("causes no gap and no repeat in a feed, even for events during the outage", () =>
    Effect.gen(function*() {
      const { calls, finish, local, restart, say, session } = yield* distant(transport)
      const feed = yield* listening(session.watch())
      yield* feed.until(({ event }) => event._tag === "SessionCreated")
      yield* local.submit("hello")
      yield* say("one ")
      yield* feed.until(({ event }) => event._tag === "TurnDelta")
      yield* restart
      yield* say("two ")
      yield* local.updateContext({ user: { name: "Ada" } })
      yield* whileTimeGoesBy(feed.until(({ event }) => event._tag === "TurnDelta"))
      yield* say("three")
      yield* finish()
      yield* feed.until(({ event }) => event._tag === "TurnCompleted")
      const numbers = feed.heard.flatMap(({ event }) => event._tag === "TurnDelta" ? [] : [event.number])
      const text = feed.heard.map(({ event }) => (event._tag === "TurnDelta" ? event.text : "")).join("")
      assert.deepStrictEqual([numbers, text], [[1, 2, 3, 4, 5, 6, 7], "one two three"])
      assert.strictEqual(yield* calls, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is the only reason to repeat a send, which its key makes safe", () =>
    Effect.gen(function*() {
      const { finish, local, say, session } = yield* distant(transport)
      yield* say("one")
      yield* finish()
      yield* session.send("hello")
      const [turn] = yield* local.turns
      assert.isDefined(turn?.key)
      assert.deepInclude(yield* local.submit({ content: "hello", key: turn?.key ?? "" }), { outcome: "joined" })
      yield* session.submit("hello")
      yield* Stream.runDrain(session.stream("hello"))
      const turns = yield* local.turns
      assert.strictEqual(new Set(turns.map(({ key }) => key)).size, 3)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
