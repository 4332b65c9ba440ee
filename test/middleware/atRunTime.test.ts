import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { SessionId } from "../../src/domain/Ids.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Middleware } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import type { Session } from "../../src/services/Session.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { anotherHost, start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { listening } from "../host/listening.js"
import { script } from "../host/scripted.js"
import { spokenReply } from "../host/spokenReply.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { add, marking } from "./pipeline.js"

type Of = Parameters<MiddlewarePipeline["Type"]["add"]>[1]

const remove = (name: string, of?: Of) => Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.remove(name, of))
const list = Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.list)
const listFor = (session: SessionId) => Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.listFor(session))

const [one, two] = [SessionId.make("one"), SessionId.make("two")]

const marksOf = (session: Session) => Effect.map(session.send("Hello"), ({ metadata }) => Object.keys(metadata))

describe("middleware of one session", () => {
  it.scoped("runs in its place among the shared ones, and does not affect other sessions", () =>
    Effect.gen(function*() {
      yield* add({ name: "mine", priority: 1, dependsOn: ["first"] }, { session: one })
      // Another session may use the same name.
      yield* add({ name: "mine", priority: -9 }, { session: two })
      yield* add({ name: "later", dependsOn: ["last"] }, { session: one })
      assert.deepStrictEqual(yield* list, ["first", "last"])
      assert.deepStrictEqual(yield* listFor(one), ["first", "mine", "last", "later"])
      assert.deepStrictEqual(yield* listFor(two), ["first", "last", "mine"])
      assert.deepStrictEqual(yield* listFor(SessionId.make("three")), ["first", "last"])
      yield* add({ name: "everywhere", priority: 9 })
      assert.deepStrictEqual(yield* listFor(one), ["everywhere", "first", "mine", "last", "later"])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "first" }, { name: "last" }))))

  it.scoped("is refused, without a change, when its name is taken or a dependency is missing", () =>
    Effect.gen(function*() {
      yield* add({ name: "mine" }, { session: one })
      const refused: ReadonlyArray<[Middleware, Of, string]> = [
        [
          { name: "all" },
          { session: one },
          "two middleware are named \"all\": rename one of them (in session one)"
        ],
        [
          { name: "mine" },
          { session: one },
          "two middleware are named \"mine\": rename one of them (in session one)"
        ],
        [
          { name: "mine" },
          undefined,
          "two middleware are named \"mine\": rename one of them (in session one)"
        ],
        [
          { name: "needy", dependsOn: ["mine"] },
          { session: two },
          "middleware \"needy\" depends on \"mine\", which is not in the pipeline (in session two)"
        ],
        [
          { name: "needy", dependsOn: ["mine"] },
          undefined,
          "middleware \"needy\" depends on \"mine\", which is not in the pipeline"
        ],
        [
          { name: "self", dependsOn: ["self"] },
          { session: one },
          "middleware depends on itself: self -> self (in session one)"
        ]
      ]
      for (const [middleware, of, problem] of refused) {
        assert.deepStrictEqual((yield* Effect.flip(add(middleware, of))).problems, [problem])
      }
      assert.deepStrictEqual([yield* list, yield* listFor(one), yield* listFor(two)], [["all"], ["all", "mine"], [
        "all"
      ]])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "all" }))))

  it.scoped("runs for all turns of its session, and for no others", () =>
    Effect.gen(function*() {
      const [session, other] = [yield* start, yield* start]
      yield* add(marking("mine"), { session: session.id })
      yield* add(marking("all"))
      assert.deepStrictEqual([yield* marksOf(session), yield* marksOf(other)], [["mine", "all"], ["all"]])
      assert.isTrue(yield* remove("mine", { session: session.id }))
      assert.deepStrictEqual([yield* marksOf(session), yield* marksOf(other)], [["all"], ["all"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is removed when its session is deleted, or its user is erased", () =>
    Effect.gen(function*() {
      const [session, other, kept] = [yield* start, yield* start, yield* start]
      for (const { id } of [session, other, kept]) yield* add(marking("mine"), { session: id })
      yield* session.delete
      assert.deepStrictEqual([yield* listFor(session.id), yield* listFor(other.id)], [[], ["mine"]])
      const sessions = yield* SessionManager
      yield* sessions.eraseUser("ada")
      assert.deepStrictEqual([yield* listFor(other.id), yield* listFor(kept.id)], [[], []])
      assert.isFalse(yield* remove("mine", { session: other.id }))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is kept while its session is idle, and while another process owns the session", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* add(marking("mine"), { session: session.id })
      const host = yield* SessionHost
      assert.deepStrictEqual(yield* marksOf(session), ["mine"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* host.stats).activeSessions, 0)
      assert.deepStrictEqual(yield* marksOf(session), ["mine"])

      const elsewhere = yield* Effect.provide(MiddlewarePipeline, MiddlewarePipeline.layer())
      const other = yield* Effect.provideService(anotherHost(), MiddlewarePipeline, elsewhere)
      assert.deepStrictEqual((yield* other.host.send(session.id, { content: "Hello" })).metadata, {})
      assert.strictEqual((yield* Effect.flip(session.send("Hello")))._tag, "OwnershipLost")
      assert.deepStrictEqual(yield* marksOf(session), ["mine"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

describe("middleware that is removed", () => {
  it.scoped("is removed only by its name and its scope, all sessions or one", () =>
    Effect.gen(function*() {
      yield* add({ name: "mine" }, { session: one })
      assert.isFalse(yield* remove("unknown"))
      assert.isFalse(yield* remove("unknown", { session: one }))
      assert.isFalse(yield* remove("mine"))
      assert.isFalse(yield* remove("mine", { session: two }))
      assert.isFalse(yield* remove("all", { session: one }))
      assert.deepStrictEqual(yield* listFor(one), ["all", "mine"])
      assert.isTrue(yield* remove("all"))
      assert.isTrue(yield* remove("mine", { session: one }))
      assert.isFalse(yield* remove("all"))
      assert.deepStrictEqual([yield* list, yield* listFor(one)], [[], []])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "all" }))))

  it.scoped("stays removed: when its scope closes, another one of the same name stays", () =>
    Effect.gen(function*() {
      for (const place of [undefined, { session: one }]) {
        const scope = yield* Scope.make()
        yield* Scope.extend(add({ name: "a" }, place), scope)
        assert.isTrue(yield* remove("a", place))
        yield* add({ name: "a" }, place)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* listFor(one), ["a"])
        assert.isTrue(yield* remove("a", place))
      }
    }).pipe(Effect.provide(MiddlewarePipeline.layer())))

  it.scoped("of one session is removed alone when its scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* add({ name: "kept" }, { session: one })
      yield* Scope.extend(add({ name: "mine" }, { session: one }), scope)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* listFor(one), ["all", "kept"])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "all" }))))

  it.scoped("leaves its dependents running without it, with a warning, those of one session included", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        yield* add({ name: "needy", dependsOn: ["base"] })
        yield* add({ name: "mine", dependsOn: ["base"] }, { session: one })
        yield* add({ name: "own base" }, { session: two })
        yield* add({ name: "own", dependsOn: ["own base", "base"] }, { session: two })
        yield* remove("base")
        yield* remove("own base", { session: two })
        assert.deepStrictEqual(yield* listFor(one), ["needy", "mine"])
        assert.deepStrictEqual(yield* listFor(two), ["needy", "own"])
        assert.deepStrictEqual(lines.map(({ level, message }) => `${level}: ${message}`), [
          "Warning: Middleware \"base\" was removed; these depend on it and run without it: mine, own, needy",
          "Warning: Middleware \"own base\" was removed; these depend on it and run without it: own"
        ])
        // Once it is added again, they run after it again.
        yield* add({ name: "base", priority: -1 })
        assert.deepStrictEqual([yield* list, yield* listFor(one)], [["base", "needy"], ["base", "needy", "mine"]])
      }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "base" })))
    ))
})

describe("a running turn", () => {
  const reach: ReadonlyArray<[string, (session: Session) => Of]> = [
    ["all sessions", () => undefined],
    ["one", ({ id }) => ({ session: id })]
  ]

  it.effect.each(reach)(
    "keeps middleware for %s that is removed meanwhile, and holds its reply back for it",
    ([, of]) =>
      Effect.gen(function*() {
        const session = yield* start
        const scope = yield* Scope.make()
        yield* add(marking("removed"), of(session))
        yield* Scope.extend(add(marking("closed"), of(session)), scope)
        const { asked, finish, reply, say } = yield* spokenReply
        yield* script(reply)
        const stream = yield* listening(session.stream("Hello"))
        yield* asked
        yield* remove("removed", of(session))
        yield* Scope.close(scope, Exit.void)
        yield* say("one ")
        yield* say("two")
        yield* finish()
        yield* stream.end
        assert.deepStrictEqual(
          stream.heard.flatMap((event) => (event._tag === "TurnDelta" ? [event.text] : [])),
          ["one two"]
        )
        const last = stream.heard.at(-1)
        assert(last?._tag === "TurnCompleted")
        assert.deepStrictEqual(last.message.metadata, { removed: true, closed: true })
        assert.deepStrictEqual(yield* marksOf(session), [])
      }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
  )

  it.effect.each(reach)(
    "does not pass middleware for %s that is added meanwhile, but the next turn does",
    ([, of]) =>
      Effect.gen(function*() {
        const session = yield* start
        const { asked, open, reply } = yield* gatedReply("Hi")
        yield* script(reply)
        const running = yield* Effect.fork(session.send("one"))
        yield* asked
        const waiting = yield* Effect.fork(session.send("two"))
        yield* Effect.yieldNow()
        yield* add(marking("added"), of(session))
        yield* open
        assert.deepStrictEqual((yield* Fiber.join(running)).metadata, {})
        assert.deepStrictEqual((yield* Fiber.join(waiting)).metadata, { added: true })
      }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
  )
})
