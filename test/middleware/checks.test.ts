import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionId, TurnId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import type { Prompt } from "../../src/domain/Turn.js"
import type { ProviderRequest, Reply } from "../../src/services/Provider.js"
import { message, now, request, sessionId } from "../domain/conversation.js"
import { admit, context, pipeline, reply, textsOf } from "./pipeline.js"
import { untyped } from "./untyped.js"

const many = <A>(count: number, one: A) => Array.from({ length: count }, () => one)
const text = (length: number) => ({ _tag: "Text", text: "x".repeat(length) })

const changed = (change: (request: ProviderRequest) => unknown) =>
  pipeline(({ turn }) => turn(request(message(1, "user", "Hello")), context), {
    name: "changing",
    turn: (request) => Effect.sync(() => untyped(change(request)))
  })

const edited = (message: Message | undefined, edit: object) => new Message(untyped({ ...message, ...edit }), true)

describe("MiddlewarePipeline checks a return value:", () => {
  it.effect.each<[string, unknown, string]>([
    ["undefined", undefined, "must be"],
    ["null", null, "must be"],
    ["a string", "Hello", "must be"],
    ["no parts", { metadata: {} }, "\"parts\" is missing"],
    ["an empty prompt", { parts: [], metadata: {} }, "\"parts\" must be"],
    ["65 parts", { parts: many(65, text(1)), metadata: {} }, "\"parts\" must be"],
    ["a huge text", { parts: [text(262_145)], metadata: {} }, "\"parts.0.text\" must be"],
    ["100 MB", { parts: many(400, text(262_144)), metadata: {} }, "\"parts\" must be"],
    ["a part of unknown kind", { parts: [{ _tag: "Canary" }], metadata: {} }, "\"parts.0._tag\" must be"],
    ["metadata that is not JSON", { parts: [text(1)], metadata: { canary: () => 1 } }, "\"metadata\" holds"],
    ["a prototype in metadata", { parts: [text(1)], metadata: untyped(JSON.parse("{\"__proto__\":{}}")) }, "reserved"]
  ])("admission refuses %s", ([, answer, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(admit({ name: "wrong", admission: () => Effect.succeed(untyped(answer)) }))
      assert.include(error.reason, "returned an invalid value: ")
      assert.include(error.reason, reason)
      assert.notInclude(error.reason, "anary")
      assert.isBelow(error.reason.length, 500)
    }))

  it.effect("admission accepts a prompt at its limits, and makes its text well-formed", () =>
    Effect.gen(function*() {
      const answer: Prompt = { parts: many(64, { _tag: "Text", text: "a\uD800" }), metadata: {} }
      const admitted = yield* admit({ name: "right", admission: () => Effect.succeed(answer) })
      assert.deepStrictEqual(textsOf(admitted), many(64, "a\uFFFD"))
    }))

  it.effect.each<[string, (request: ProviderRequest) => unknown, string]>([
    ["undefined", () => undefined, "must be a request"],
    ["another session", (request) => ({ ...request, sessionId: SessionId.make("other") }), "must stay the same"],
    ["another turn", (request) => ({ ...request, turnId: TurnId.make("other") }), "must stay the same"],
    ["no session", ({ context, messages, turnId }) => ({ context, messages, turnId }), "must stay the same"],
    ["no messages", (request) => ({ ...request, messages: undefined }), "array of Message"],
    [
      "something that is not a message",
      (request) => ({ ...request, messages: [{ role: "user" }] }),
      "array of Message"
    ],
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
      (request) => ({ ...request, context: makeSessionContext(SessionId.make("other"), now) }),
      "belongs to another session"
    ],
    ["something that is not a context", (request) => ({ ...request, context: {} }), "is missing"]
  ])("turn refuses %s", ([, change, reason]) =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(changed(change))).reason, reason)
    }))

  it.effect("turn accepts other messages and another context of the session, and nothing else", () =>
    Effect.gen(function*() {
      const other = makeSessionContext(sessionId, now, { user: { name: "Ada" } })
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
    ["metadata that is not JSON", { ...reply("Hi"), metadata: { at: now } }, "\"metadata\" holds"]
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
