import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import type { Middleware } from "../../src/services/Middleware.js"
import type { Reply } from "../../src/services/Provider.js"
import { asking } from "../domain/conversation.js"
import { appending, context, pipeline, reply } from "./pipeline.js"

describe("MiddlewarePipeline streams a reply", () => {
  const replying: Middleware = { name: "replying", reply: (reply) => Effect.succeed(reply) }

  it.effect.each<[string, Middleware, boolean]>([
    ["past one without a reply stage", appending("a"), true],
    ["past an observer", { ...replying, observer: true }, true],
    ["past one that does not match this session", { ...replying, when: () => false }, true],
    ["never past one that may change it", replying, false],
    ["never past an optional one that may change it", { ...replying, policy: "optional" }, false],
    ["never past one that matches this session", { ...replying, when: () => true }, false],
    ["never past one whose condition throws", {
      ...replying,
      when: () => {
        throw new Error("broken")
      }
    }, false]
  ])("%s", ([, middleware, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* pipeline(({ mayStream }) => Effect.sync(() => mayStream(context)), appending("other"), middleware),
        expected
      )
    }))

  it.effect("and ignores what an observer returns, because the reply may be shown already", () =>
    Effect.gen(function*() {
      const said = reply("Hi")
      const seen = yield* Ref.make<ReadonlyArray<Reply>>([])
      const answer = yield* pipeline(({ reply: replied }) => replied(said, context), {
        name: "observing",
        observer: true,
        reply: (reply) => Effect.as(Ref.set(seen, [reply]), { ...reply, parts: [] })
      })
      assert.deepStrictEqual(answer, said)
      assert.deepStrictEqual(yield* seen, [said])
    }))
})

describe("MiddlewarePipeline lets a provider hold the conversation", () => {
  const turning: Middleware = { name: "turning", turn: (request) => Effect.succeed({ ...request, messages: [] }) }

  it.effect.each<[string, Middleware, boolean]>([
    ["past an observer", { ...turning, observer: true }, false],
    ["past one that does not match this session", { ...turning, when: () => false }, false],
    ["never past one that may change the request", turning, true]
  ])("%s", ([, middleware, expected]) =>
    Effect.gen(function*() {
      const found = yield* pipeline(
        ({ hasTurnStage }) => Effect.sync(() => hasTurnStage(context)),
        appending("other"),
        middleware
      )
      assert.strictEqual(found, expected)
    }))

  it.effect("and ignores what an observer returns, because the provider has the conversation", () =>
    Effect.gen(function*() {
      const asked = asking("Hello")
      const answer = yield* pipeline(({ turn }) => turn(asked, context), { ...turning, observer: true })
      assert.strictEqual(answer, asked)
      const changed = yield* pipeline(({ turn }) => turn(asked, context), turning)
      assert.deepStrictEqual(changed.messages, [])
    }))
})
