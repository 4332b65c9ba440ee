import { assert, describe, it } from "@effect/vitest"
import { Chunk, ConfigProvider, Effect, Fiber, Layer, Scope, Stream } from "effect"
import { ProviderProtocol } from "../../src/domain/error/ProviderError.js"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { MiddlewareError } from "../../src/domain/error/TurnError.js"
import { Epoch, TurnId } from "../../src/domain/Ids.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { emptySessionMetrics } from "../../src/domain/SessionMetrics.js"
import type { Turn } from "../../src/domain/Turn.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { HookBus } from "../../src/services/HookBus.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { type Failpoint, Failpoints } from "../../src/testing/Failpoints.js"
import { asking, now, session, sessionId } from "../domain/conversation.js"
import { eachStage } from "../middleware/pipeline.js"

const epoch = Epoch.make(1)
const injected = new StoreError({ reason: "Unknown", detail: "injected" })

const turn = (status: Turn["status"], attempt: number, id = "turn-1"): Turn => ({
  id: TurnId.make(id),
  sessionId,
  ordinal: 1,
  status,
  attempt,
  acceptedAt: now
})

/** A store that records committed turns, with turns left open by an earlier owner. */
const makeStore = (committed: Array<Turn>, left: ReadonlyArray<Turn>) =>
  Layer.mock(SessionStore, {
    durability: "memory",
    open: () =>
      Effect.succeed({
        epoch,
        session,
        context: makeSessionContext(sessionId, now),
        metrics: emptySessionMetrics(sessionId),
        lastSeq: 0,
        lastOrdinal: left.length,
        lastEvent: 1,
        delivered: 1,
        window: [],
        openTurns: left
      }),
    commit: (_id, _epoch, { turns = [] }) => Effect.sync(() => void committed.push(...turns))
  })

const layer = (committed: Array<Turn> = [], left: ReadonlyArray<Turn> = []) =>
  Failpoints.layerServices.pipe(
    Layer.provideMerge(Failpoints.layer),
    Layer.provide([
      makeStore(committed, left),
      MiddlewarePipeline.layer(),
      HookBus.layer(),
      MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer()))
    ])
  )

const commit = (...turns: ReadonlyArray<Turn>) =>
  Effect.flatMap(SessionStore, (store) => store.commit(sessionId, epoch, { turns }))

const passedOf = (...points: ReadonlyArray<Failpoint>) =>
  Effect.flatMap(Failpoints, ({ passed }) => Effect.forEach(points, passed))

const around = passedOf("beforeAccept", "afterAccept", "beforeCall", "afterIntent", "beforeEnd", "afterEnd")

const ask = Effect.gen(function*() {
  const provider = yield* Effect.flatMap(ProviderRegistry, (registry) => registry.get("mock"))
  const { respond } = yield* provider.open({ sessionId, model: "mock-model", config: {} })
  return Chunk.toReadonlyArray(yield* Stream.runCollect(respond(asking("one two"))))
}).pipe(Effect.scoped)

/** Failpoints armed by this value of the environment variable. */
const armedBy = (order: string) =>
  Effect.provide(
    Failpoints,
    Failpoints.layer.pipe(
      Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["LANGSWARM_FAILPOINT", order]]))))
    )
  )

describe("Failpoints", () => {
  describe("in a store", () => {
    it.effect("distinguish a turn's acceptance, its call and its end", () =>
      Effect.gen(function*() {
        yield* commit(turn("accepted", 0))
        assert.deepStrictEqual(yield* around, [1, 1, 0, 0, 0, 0])
        yield* commit(turn("accepted", 0))
        assert.deepStrictEqual(yield* around, [1, 1, 0, 0, 0, 0])
        yield* commit(turn("calling", 1))
        assert.deepStrictEqual(yield* around, [1, 1, 1, 1, 0, 0])
        yield* commit(turn("calling", 1))
        assert.deepStrictEqual(yield* around, [1, 1, 1, 1, 0, 0])
        yield* commit(turn("calling", 2))
        assert.deepStrictEqual(yield* around, [1, 1, 2, 2, 0, 0])
        yield* commit(turn("completed", 2))
        assert.deepStrictEqual(yield* around, [1, 1, 2, 2, 1, 1])
      }).pipe(Effect.provide(layer())))

    it.effect("recognize a commit that is both acceptance and call", () =>
      Effect.gen(function*() {
        yield* commit(turn("calling", 1))
        assert.deepStrictEqual(yield* around, [1, 1, 1, 1, 0, 0])
      }).pipe(Effect.provide(layer())))

    it.effect("fail before a commit, and after one that succeeded", () => {
      const committed: Array<Turn> = []
      return Effect.gen(function*() {
        const { fail } = yield* Failpoints
        yield* fail("beforeAccept", injected)
        assert.strictEqual(yield* Effect.flip(commit(turn("accepted", 0))), injected)
        assert.lengthOf(committed, 0)
        yield* fail("afterAccept", injected)
        assert.strictEqual(yield* Effect.flip(commit(turn("accepted", 0))), injected)
        assert.lengthOf(committed, 1)
      }).pipe(Effect.provide(layer(committed)))
    })

    it.effect("recognize the recovery of turns left by an earlier owner", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        yield* store.open(sessionId, 10)
        assert.deepStrictEqual(yield* passedOf("inRecovery"), [1])
        yield* commit(turn("interrupted", 1))
        assert.deepStrictEqual(yield* passedOf("inRecovery", "beforeAccept", "afterEnd"), [3, 0, 1])
        yield* commit(turn("accepted", 0, "turn-2"))
        assert.deepStrictEqual(yield* passedOf("inRecovery"), [3])
      }).pipe(Effect.provide(layer([], [turn("calling", 1)]))))

    it.effect("do not report a recovery for a session without open turns", () =>
      Effect.gen(function*() {
        yield* Effect.flatMap(SessionStore, (store) => store.open(sessionId, 10))
        assert.deepStrictEqual(yield* passedOf("inRecovery"), [0])
      }).pipe(Effect.provide(layer())))

    it.scoped("report commits during a drain", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(Failpoints.layerDrain, scope)
        yield* commit(turn("accepted", 0))
        assert.deepStrictEqual(yield* passedOf("inDrain"), [0])
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        assert.deepStrictEqual(yield* passedOf("inDrain"), [1])
        yield* commit(turn("calling", 1))
        assert.deepStrictEqual(yield* passedOf("inDrain"), [2])
      }).pipe(Effect.provide(Layer.merge(layer(), Layer.mock(SessionHost, {})))))
  })

  it.effect("in a pipeline fail after the middleware", () =>
    Effect.gen(function*() {
      const pipeline = eachStage(yield* MiddlewarePipeline)
      const { fail } = yield* Failpoints
      const context = { session, context: makeSessionContext(sessionId, now) }
      const error = new MiddlewareError({ middleware: "failpoint", stage: "turn", reason: "injected" })
      yield* pipeline.admission({ parts: [{ _tag: "Text", text: "Hi" }], metadata: {} }, context)
      yield* fail("inTurnMiddleware", error)
      assert.strictEqual(yield* Effect.flip(pipeline.turn(asking("Hi"), context)), error)
      yield* pipeline.turn(asking("Hi"), context)
      assert.deepStrictEqual(yield* passedOf("inAdmission", "inTurnMiddleware"), [1, 2])
    }).pipe(Effect.provide(layer())))

  it.effect("in a reply act between events and leave them unchanged", () =>
    Effect.gen(function*() {
      const { fail } = yield* Failpoints
      assert.deepStrictEqual(
        (yield* ask).map((event) => (event._tag === "TextDelta" ? event.text : event._tag)),
        ["You ", "said: ", "one ", "two", "Finished"]
      )
      assert.deepStrictEqual(yield* passedOf("midStream"), [4])
      const error = new ProviderProtocol({ provider: "mock", reason: "injected" })
      yield* fail("midStream", error)
      assert.strictEqual(yield* Effect.flip(ask), error)
    }).pipe(Effect.provide(layer())))

  it.effect("act once, on the nth pass", () =>
    Effect.gen(function*() {
      const { fail, pass } = yield* Failpoints
      yield* pass("midStream")
      yield* fail("beforeEnd", injected, 3)
      const passes = yield* Effect.replicateEffect(Effect.isFailure(pass("beforeEnd")), 5)
      assert.deepStrictEqual(passes, [false, false, true, false, false])
    }).pipe(Effect.provide(Failpoints.layer)))

  it.effect("hold a pass until it is resumed", () =>
    Effect.gen(function*() {
      const { pass, pause } = yield* Failpoints
      const { reached, resume } = yield* pause("afterIntent")
      const passing = yield* Effect.fork(pass("afterIntent"))
      yield* reached
      assert.isNull(passing.unsafePoll())
      yield* resume
      yield* Fiber.join(passing)
    }).pipe(Effect.provide(Failpoints.layer)))

  describe("armed from the environment", () => {
    it.effect("act as the variable specifies", () =>
      Effect.gen(function*() {
        const { pass } = yield* armedBy("afterIntent:pause:2")
        yield* pass("afterIntent")
        const held = yield* Effect.fork(pass("afterIntent"))
        yield* Effect.yieldNow()
        assert.isNull(held.unsafePoll())
        yield* Fiber.interrupt(held)
      }))

    it.effect.each([
      "",
      "afterIntent",
      "nowhere:kill",
      "afterIntent:fail",
      "afterIntent:kill:0",
      "afterIntent:kill:1:2"
    ])(
      "refuse %j with the expected format",
      (order) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(armedBy(order))
          assert.include(error.message, "as in \"afterIntent:kill:3\"; the failpoints are inAdmission, beforeAccept")
        })
    )
  })
})
