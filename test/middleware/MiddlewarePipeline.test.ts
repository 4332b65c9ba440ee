import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Ref, TestClock } from "effect"
import { Message } from "../../src/domain/Message.js"
import { initial } from "../../src/domain/SessionContext.js"
import { SessionId } from "../../src/domain/SessionId.js"
import type { Prompt } from "../../src/domain/Turn.js"
import { TurnId } from "../../src/domain/TurnId.js"
import type { Middleware, MiddlewareContext } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { MiddlewareRefusal } from "../../src/services/MiddlewareRefusal.js"
import type { ProviderRequest } from "../../src/services/ProviderRequest.js"
import type { Reply } from "../../src/services/Reply.js"
import { asking, message, now, request, session, sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "./capturedLogs.js"

const context: MiddlewareContext = { session, context: initial(sessionId, now) }
const prompt = (text: string): Prompt => ({ parts: [{ _tag: "Text", text }], metadata: {} })
const reply = (text: string): Reply => ({
  parts: [{ _tag: "Text", text }],
  finishReason: "complete",
  metadata: {},
  usage: { inputTokens: 1, outputTokens: 1 }
})

const pipeline = <A, E>(
  use: (pipeline: MiddlewarePipeline["Type"]) => Effect.Effect<A, E>,
  ...middlewares: ReadonlyArray<Middleware>
) => Effect.provide(Effect.flatMap(MiddlewarePipeline, use), Layer.orDie(MiddlewarePipeline.layer(...middlewares)))

const admit = (...middlewares: ReadonlyArray<Middleware>) =>
  pipeline(({ admission }) => admission(prompt("Hello"), context), ...middlewares)

const appending = (name: string, more: Partial<Middleware> = {}): Middleware => ({
  name,
  admission: ({ metadata, parts }) => Effect.succeed({ metadata, parts: [...parts, { _tag: "Text", text: name }] }),
  ...more
})

const textsOf = ({ parts }: Pick<Prompt, "parts">) =>
  parts.map((part) => (part._tag === "Text" ? part.text : part._tag))

const many = <A>(count: number, one: A) => Array.from({ length: count }, () => one)
const text = (length: number) => ({ _tag: "Text", text: "x".repeat(length) })

const stages = (name: string): Middleware => ({
  ...appending(name),
  turn: (request) =>
    Effect.succeed({ ...request, messages: [...request.messages, message(9, "system", `for ${name}`)] }),
  reply: (reply) => Effect.succeed({ ...reply, metadata: { ...reply.metadata, [name]: true } })
})

/** Stands for an author without types. */
const untyped = (value: unknown): ReturnType<typeof JSON.parse> => value

/** Does something, and answers with what no stage may answer. */
const changing = (change: () => unknown) => Effect.sync(() => untyped(change()))

const changed = (change: (request: ProviderRequest) => unknown) =>
  pipeline(({ turn }) => turn(request(message(1, "user", "Hello")), context), {
    name: "changing",
    turn: (request) => changing(() => change(request))
  })

/** Long enough for every timeout. */
const afterTimeouts = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(effect))
    yield* TestClock.adjust("1 minute")
    return yield* yield* Fiber.join(fiber)
  })

describe("MiddlewarePipeline", () => {
  it.effect("without middleware answers each stage with what it was given, at once", () =>
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

  it.effect("hands the answer of one to the next, at each stage", () =>
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

  it.effect("calls a middleware that is an object of a class on that object", () =>
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

  it.effect("runs a middleware for the sessions that its condition holds for", () =>
    Effect.gen(function*() {
      const given = yield* Ref.make<ReadonlyArray<MiddlewareContext>>([])
      const remember = appending("remember", {
        when: ({ session }) => session.provider === "mock",
        admission: (prompt, context) => Effect.as(Ref.update(given, (all) => [...all, context]), prompt)
      })
      assert.deepStrictEqual(textsOf(yield* admit(remember, appending("never", { when: () => false }))), ["Hello"])
      assert.deepStrictEqual(yield* given, [context])
    }))

  describe("when a middleware", () => {
    const faults: ReadonlyArray<[name: string, fault: Partial<Middleware>, reason: string]> = [
      ["refuses", { admission: () => new MiddlewareRefusal({ reason: "too rude" }) }, "too rude"],
      [
        "fails with something else",
        { admission: () => untyped(Effect.fail("canary")) },
        "failed unexpectedly"
      ],
      ["interrupts another than itself", {
        admission: () => Effect.flatMap(Effect.fork(Effect.interrupt), Fiber.join)
      }, "failed unexpectedly"],
      ["dies", { admission: () => Effect.die(new Error("canary")) }, "failed unexpectedly"],
      ["throws", {
        admission: () => {
          throw new Error("canary")
        }
      }, "failed unexpectedly"],
      ["answers without an effect", { admission: () => untyped(Promise.resolve("canary")) }, "failed unexpectedly"],
      ["answers with nothing at all", { admission: () => untyped(undefined) }, "failed unexpectedly"],
      ["interrupts itself", { admission: () => Effect.interrupt }, "failed unexpectedly"],
      ["interrupts its own fiber", {
        admission: () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
      }, "failed unexpectedly"],
      ["hangs", { admission: () => Effect.never }, "timed out after 2s"],
      ["hangs and cannot be interrupted", {
        admission: () => Effect.uninterruptible(Effect.never)
      }, "timed out after 2s"],
      ["takes longer than it said", { timeout: "50 millis", admission: () => Effect.never }, "timed out after 50ms"],
      ["has a condition that throws", {
        when: () => {
          throw new Error("canary")
        }
      }, "failed unexpectedly"]
    ]

    it.effect.each(faults)(
      "%s, a required one stops the turn and tells nothing more than it should",
      ([, fault, reason]) =>
        withCapturedLogs((lines) =>
          Effect.gen(function*() {
            const error = yield* Effect.flip(
              afterTimeouts(admit({ ...appending("faulty"), ...fault }, appending("after")))
            )
            assert.deepInclude(error, {
              _tag: "MiddlewareError",
              middleware: "faulty",
              stage: "admission",
              reason,
              sessionId
            })
            assert.notInclude(JSON.stringify(error) + error.message, "canary")
            assert.strictEqual(lines.length, 1)
            assert.strictEqual(lines[0]?.level, reason === "too rude" ? "Debug" : "Error")
            assert.deepStrictEqual(lines[0]?.annotations, { middleware: "faulty", stage: "admission", sessionId })
            assert.notInclude(lines[0]?.message, "too rude")
          })
        )
    )

    it.effect.each(faults)(
      "%s, an optional one is skipped with a warning",
      ([, fault]) =>
        withCapturedLogs((lines) =>
          Effect.gen(function*() {
            const admitted = yield* afterTimeouts(
              admit({ ...appending("faulty"), ...fault, policy: "optional" }, appending("after"))
            )
            assert.deepStrictEqual(textsOf(admitted), ["Hello", "after"])
            assert.deepStrictEqual(lines.map(({ level }) => level), ["Warning"])
          })
        )
    )

    it.effect.each(faults)(
      "%s, it is told of it in onError, whatever the policy",
      ([, fault, reason]) =>
        Effect.gen(function*() {
          const told = yield* Ref.make<ReadonlyArray<string>>([])
          const onError: Middleware["onError"] = (error) => Ref.update(told, (all) => [...all, error.reason])
          const faulty = { ...appending("faulty"), ...fault, onError }
          yield* Effect.exit(afterTimeouts(admit(faulty)))
          yield* afterTimeouts(admit({ ...faulty, policy: "optional" }))
          assert.deepStrictEqual(yield* told, [reason, reason])
        })
    )

    it.effect.each<[string, Effect.Effect<never>]>([
      ["hangs", Effect.never],
      ["hangs and cannot be interrupted", Effect.uninterruptible(Effect.never)]
    ])("%s, its time is up in an uninterruptible region of the caller too", ([, admission]) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.fork(
          Effect.flip(Effect.uninterruptible(admit({ name: "hanging", admission: () => admission })))
        )
        yield* TestClock.adjust("2 seconds")
        const exit = fiber.unsafePoll()
        assert(exit && Exit.isSuccess(exit))
        assert.strictEqual(exit.value.reason, "timed out after 2s")
      }))

    it.effect("refuses without words, that is a failure like any other", () =>
      Effect.gen(function*() {
        const mute: Middleware = {
          name: "mute",
          admission: () => new MiddlewareRefusal({ reason: untyped(undefined) })
        }
        assert.strictEqual((yield* Effect.flip(admit(mute))).reason, "failed unexpectedly")
        assert.deepStrictEqual(textsOf(yield* admit({ ...mute, policy: "optional" })), ["Hello"])
      }))

    it.effect("dies, the log has the cause", () =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          yield* Effect.exit(admit({ name: "faulty", admission: () => Effect.die(new Error("what broke")) }))
          assert.include(lines[0]?.cause, "what broke")
        })
      ))

    it.effect.each<[string, NonNullable<Middleware["onError"]>]>([
      ["dies", () => Effect.die("broken")],
      ["throws", () => {
        throw new Error("broken")
      }],
      ["hangs", () => Effect.never],
      ["interrupts itself", () => Effect.interrupt]
    ])("%s in onError, that changes nothing", ([, onError]) =>
      Effect.gen(function*() {
        const refusing = { name: "a", admission: () => new MiddlewareRefusal({ reason: "no" }), onError }
        assert.strictEqual((yield* Effect.flip(afterTimeouts(admit(refusing)))).reason, "no")
        assert.deepStrictEqual(textsOf(yield* afterTimeouts(admit({ ...refusing, policy: "optional" }))), ["Hello"])
      }))

    it.effect("takes its time, it is not stopped before its timeout", () =>
      Effect.gen(function*() {
        const slow = appending("slow", { admission: (prompt) => Effect.delay(Effect.succeed(prompt), "1999 millis") })
        assert.deepStrictEqual(textsOf(yield* afterTimeouts(admit(slow))), ["Hello"])
      }))
  })

  it.effect("passes an interrupt of the caller on to the middleware, and calls it no failure", () =>
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

  describe("hands in what cannot be changed:", () => {
    const mutations: ReadonlyArray<[string, Partial<Middleware>]> = [
      ["a prompt's parts", { admission: (prompt) => changing(() => untyped(prompt.parts).push({})) }],
      ["a part's text", { admission: (prompt) => changing(() => untyped(prompt.parts[0]).text = "changed") }],
      ["metadata", { admission: (prompt) => changing(() => untyped(prompt.metadata).admin = true) }],
      ["the session's owner", { admission: (_, { session }) => changing(() => untyped(session).userId = "eve") }],
      ["the session's settings", {
        admission: (_, { session }) => changing(() => untyped(session.config).maxMessages = 1)
      }],
      ["a context", { admission: (_, { context }) => changing(() => untyped(context.user).admin = true) }],
      ["a request's turn", { turn: (request) => changing(() => untyped(request).turnId = "other") }],
      ["a request's messages", { turn: (request) => changing(() => untyped(request.messages).pop()) }],
      ["a message's role", { turn: (request) => changing(() => untyped(request.messages[0]).role = "system") }],
      ["a message's parts", { turn: (request) => changing(() => untyped(request.messages[0]?.parts).pop()) }],
      ["a reply's usage", { reply: (reply) => changing(() => untyped(reply.usage).outputTokens = 0) }]
    ]

    it.effect.each(mutations)("%s", ([, mutation]) =>
      Effect.gen(function*() {
        const said = { prompt: prompt("Hello"), request: asking("Hello"), reply: reply("Hi") }
        const before = JSON.stringify([said, context])
        const error = yield* Effect.flip(pipeline(
          ({ admission, reply: replied, turn }) =>
            Effect.all([admission(said.prompt, context), turn(said.request, context), replied(said.reply, context)]),
          { name: "mutating", ...mutation }
        ))
        assert.strictEqual(error.reason, "failed unexpectedly")
        assert.strictEqual(JSON.stringify([said, context]), before)
      }))

    it.effect("nor what one made for the next", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(admit(appending("a"), {
          name: "mutating",
          admission: (prompt) => changing(() => untyped(prompt.parts[1]).text = "changed")
        }))
        assert.strictEqual(error.middleware, "mutating")
      }))
  })

  describe("checks an answer:", () => {
    it.effect.each<[string, unknown, string]>([
      ["undefined", undefined, "must be"],
      ["null", null, "must be"],
      ["a text", "Hello", "must be"],
      ["no parts", { metadata: {} }, "\"parts\" is missing"],
      ["an empty prompt", { parts: [], metadata: {} }, "\"parts\" must be"],
      ["65 parts", { parts: many(65, text(1)), metadata: {} }, "\"parts\" must be"],
      ["a huge text", { parts: [text(262_145)], metadata: {} }, "\"parts.0.text\" must be"],
      ["100 MB", { parts: many(400, text(262_144)), metadata: {} }, "\"parts\" must be"],
      ["a part of no kind", { parts: [{ _tag: "Canary" }], metadata: {} }, "\"parts.0._tag\" must be"],
      ["metadata that is no JSON", { parts: [text(1)], metadata: { canary: () => 1 } }, "\"metadata\" holds"],
      ["a prototype in metadata", { parts: [text(1)], metadata: untyped(JSON.parse("{\"__proto__\":{}}")) }, "reserved"]
    ])("admission refuses %s", ([, answer, reason]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(admit({ name: "wrong", admission: () => Effect.succeed(untyped(answer)) }))
        assert.include(error.reason, "gave a wrong answer: ")
        assert.include(error.reason, reason)
        assert.notInclude(error.reason, "anary")
        assert.isBelow(error.reason.length, 500)
      }))

    it.effect("admission takes a prompt at its limits, and makes its text well-formed", () =>
      Effect.gen(function*() {
        const answer: Prompt = { parts: many(64, { _tag: "Text", text: "a\uD800" }), metadata: {} }
        const admitted = yield* admit({ name: "right", admission: () => Effect.succeed(answer) })
        assert.deepStrictEqual(textsOf(admitted), many(64, "a\uFFFD"))
      }))

    const edited = (message: Message | undefined, edit: object) => new Message(untyped({ ...message, ...edit }), true)

    it.effect.each<[string, (request: ProviderRequest) => unknown, string]>([
      ["undefined", () => undefined, "not a request"],
      ["another session", (request) => ({ ...request, sessionId: SessionId.make("other") }), "must stay as they are"],
      ["another turn", (request) => ({ ...request, turnId: TurnId.make("other") }), "must stay as they are"],
      ["no session", ({ context, messages, turnId }) => ({ context, messages, turnId }), "must stay as they are"],
      ["no messages", (request) => ({ ...request, messages: undefined }), "array of Message"],
      ["what is no message", (request) => ({ ...request, messages: [{ role: "user" }] }), "array of Message"],
      [
        "65 more messages",
        (request) => ({ ...request, messages: many(66, message(1, "user", "Hello")) }),
        "more than 64 messages"
      ],
      [
        "a message of another session",
        (request) => ({ ...request, messages: [edited(request.messages[0], { sessionId: "other" })] }),
        "belongs to another session"
      ],
      [
        "a role that does not exist",
        (request) => ({ ...request, messages: [edited(request.messages[0], { role: "root" })] }),
        "\"role\" must be"
      ],
      [
        "a huge text",
        (request) => ({ ...request, messages: [edited(request.messages[0], { parts: [text(262_145)] })] }),
        "\"parts.0.text\" must be"
      ],
      [
        "65 parts",
        (request) => ({ ...request, messages: [edited(request.messages[0], { parts: many(65, text(1)) })] }),
        "more than 64 parts"
      ],
      [
        "another session's context",
        (request) => ({ ...request, context: initial(SessionId.make("other"), now) }),
        "belongs to another session"
      ],
      ["what is no context", (request) => ({ ...request, context: {} }), "is missing"]
    ])("turn refuses %s", ([, change, reason]) =>
      Effect.gen(function*() {
        assert.include((yield* Effect.flip(changed(change))).reason, reason)
      }))

    it.effect("turn takes other messages and another context of the session, and nothing beside", () =>
      Effect.gen(function*() {
        const other = initial(sessionId, now, { user: { name: "Ada" } })
        const added = many(64, message(2, "system", "be brief"))
        const answer = yield* changed((request) => ({
          ...request,
          messages: [...request.messages, ...added],
          context: other,
          admin: true
        }))
        assert.strictEqual(answer.messages.length, 65)
        assert.deepStrictEqual(answer.context, other)
        assert.notProperty(answer, "admin")
      }))

    it.effect.each<[string, unknown, string]>([
      ["undefined", undefined, "must be"],
      ["a finish reason that does not exist", { ...reply("Hi"), finishReason: "bored" }, "\"finishReason\" must be"],
      [
        "a negative usage",
        { ...reply("Hi"), usage: { inputTokens: -1, outputTokens: 1 } },
        "\"usage.inputTokens\" must be"
      ],
      ["a huge text", { ...reply("Hi"), parts: [text(262_145)] }, "\"parts.0.text\" must be"],
      ["65 parts", { ...reply("Hi"), parts: many(65, text(1)) }, "more than 64 parts"],
      ["metadata that is no JSON", { ...reply("Hi"), metadata: { at: now } }, "\"metadata\" holds"]
    ])("reply refuses %s", ([, answer, reason]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(pipeline(
          ({ reply: replied }) => replied(reply("Hi"), context),
          { name: "wrong", reply: () => Effect.succeed(untyped(answer)) }
        ))
        assert.deepInclude(error, { stage: "reply", middleware: "wrong" })
        assert.include(error.reason, reason)
      }))

    it.effect("reply may keep as many parts as the provider sent", () =>
      Effect.gen(function*() {
        const long: Reply = { ...reply("Hi"), parts: many(70, { _tag: "Text", text: "x" }) }
        const kept = yield* pipeline(({ reply: replied }) => replied(long, context), {
          name: "marking",
          reply: (reply) => Effect.succeed({ ...reply, metadata: { marked: true } })
        })
        assert.deepStrictEqual(kept, { ...long, metadata: { marked: true } })
      }))
  })

  describe("lets a reply stream", () => {
    const replying: Middleware = { name: "replying", reply: (reply) => Effect.succeed(reply) }

    it.effect.each<[string, Middleware, boolean]>([
      ["past one without a reply stage", appending("a"), true],
      ["past an observer", { ...replying, observer: true }, true],
      ["past one that is not for this session", { ...replying, when: () => false }, true],
      ["never past one that may change it", replying, false],
      ["never past an optional one that may change it", { ...replying, policy: "optional" }, false],
      ["never past one that is for this session", { ...replying, when: () => true }, false],
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

    it.effect("and takes no answer of an observer, which may be about what was shown already", () =>
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
})
