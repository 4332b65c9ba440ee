import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Middleware } from "../../src/services/Middleware.js"
import { asking } from "../domain/conversation.js"
import { admit, appending, context, pipeline, prompt, reply } from "./pipeline.js"
import { untyped } from "./untyped.js"

/** Runs a mutation, and returns an invalid value. */
const changing = (change: () => unknown) => Effect.sync(() => untyped(change()))

describe("MiddlewarePipeline freezes the input of a stage:", () => {
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

  it.effect("the output of the middleware before", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(admit(appending("a"), {
        name: "mutating",
        admission: (prompt) => changing(() => untyped(prompt.parts[1]).text = "changed")
      }))
      assert.strictEqual(error.middleware, "mutating")
    }))
})
