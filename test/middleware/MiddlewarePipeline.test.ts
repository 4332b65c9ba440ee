import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref } from "effect"
import type { Prompt } from "../../src/domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../../src/services/Middleware.js"
import { asking, message } from "../domain/conversation.js"
import { admit, appending, context, pipeline, prompt, reply, textsOf } from "./pipeline.js"

const stages = (name: string): Middleware => ({
  ...appending(name),
  turn: (request) =>
    Effect.succeed({ ...request, messages: [...request.messages, message(9, "system", `for ${name}`)] }),
  reply: (reply) => Effect.succeed({ ...reply, metadata: { ...reply.metadata, [name]: true } })
})

describe("MiddlewarePipeline", () => {
  it.effect("without middleware returns the input of each stage, synchronously", () =>
    pipeline(({ admission, mayStream, reply: replied, turn }) =>
      Effect.sync(() => {
        const [asked, toCall, said] = [prompt("Hello"), asking("Hello"), reply("Hi")]
        assert.deepStrictEqual(admission(asked, context), Exit.succeed(asked))
        assert.deepStrictEqual(turn(toCall, context), Exit.succeed(toCall))
        assert.deepStrictEqual(replied(said, context), Exit.succeed(said))
        assert.isTrue(mayStream(context))
        assert.isFalse(Object.isFrozen(asked))
      })
    ))

  it.effect("passes the output of one middleware to the next, at each stage", () =>
    pipeline(
      ({ admission, reply: replied, turn }) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(textsOf(yield* admission(prompt("Hello"), context)), ["Hello", "a", "b"])
          const { messages } = yield* turn(asking("Hello"), context)
          assert.deepStrictEqual(messages.map(({ text }) => text), ["Hello", "for a", "for b"])
          assert.deepStrictEqual((yield* replied(reply("Hi"), context)).metadata, { a: true, b: true })
        }),
      stages("b"),
      { ...stages("a"), priority: 1 }
    ))

  it.effect("calls the methods of a class instance with the right `this`", () =>
    Effect.gen(function*() {
      class Suffix implements Middleware {
        readonly name = "suffix"
        readonly suffix = "!"
        admission({ metadata }: Prompt) {
          return Effect.succeed({ ...prompt(this.suffix), metadata })
        }
      }
      assert.deepStrictEqual(textsOf(yield* admit(new Suffix())), ["!"])
    }))

  it.effect("runs a middleware only for sessions that match its condition", () =>
    Effect.gen(function*() {
      const given = yield* Ref.make<ReadonlyArray<MiddlewareContext>>([])
      const remember = appending("remember", {
        when: ({ session }) => session.provider === "mock",
        admission: (prompt, context) => Effect.as(Ref.update(given, (all) => [...all, context]), prompt)
      })
      assert.deepStrictEqual(textsOf(yield* admit(remember, appending("never", { when: () => false }))), ["Hello"])
      assert.deepStrictEqual(yield* given, [context])
    }))

  it.effect("passes an interrupt of the caller to the middleware, and does not treat it as a failure", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const told = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(admit(
        {
          name: "waiting",
          policy: "optional",
          onError: () => Effect.asVoid(Deferred.succeed(told, undefined)),
          admission: () =>
            Deferred.succeed(started, undefined).pipe(
              Effect.zipRight(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
            )
        }
      ))
      yield* Deferred.await(started)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      yield* Deferred.await(stopped)
      assert.isFalse(yield* Deferred.isDone(told))
    }))
})
