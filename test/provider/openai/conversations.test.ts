import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import type { ProviderRequest } from "../../../src/services/Provider.js"
import { message, request } from "../../domain/conversation.js"
import { jsonAnswer, streamAnswer } from "../../vendor/answers.js"
import { message as wireMessage, responseEvents } from "../../vendor/openai/responseEvents.js"
import { makeOpenAiServer } from "../../vendor/OpenAiServer.js"
import { textOf } from "../mock/mock.js"
import { asked, bodies, failureOf, layer, model, open, provider, reply } from "./openai.js"

const held = (
  known?: { readonly cursor: string; readonly seq: number },
  ...texts: ReadonlyArray<string>
): ProviderRequest => ({
  ...request(...texts.map((text, index) => message(index + 1, index % 2 === 0 ? "user" : "assistant", text))),
  hold: known ? { known } : {}
})

const said = (text: string) => ({ role: "user", content: [{ type: "input_text", text }] })

const cursorOf = (events: Effect.Effect.Success<ReturnType<typeof reply>>) => {
  const finished = events.at(-1)
  assert(finished?._tag === "Finished")
  return finished.cursor
}

const serverError = { error: { message: "sk-canary", type: "server_error", param: null, code: null } }

describe("OpenAiProvider with conversations", () => {
  it.scoped("creates a conversation with the first call, and returns its cursor", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const events = yield* reply(held(undefined, "Hello"), { system: "Be brief." }).pipe(Effect.provide(layer(server)))
      assert.strictEqual(textOf(events), "You said: Hello")
      assert.deepStrictEqual(asked(server), ["POST /v1/conversations", "POST /v1/responses"])
      const [id] = server.conversations.keys()
      assert.strictEqual(cursorOf(events), id)
      assert.deepStrictEqual(bodies(server), [{}, {
        model,
        input: [said("Hello")],
        instructions: "Be brief.",
        conversation: id,
        stream: true
      }])
    }))

  it.scoped("then sends only new messages and the system prompt", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const cursor = cursorOf(yield* reply(held(undefined, "One")))
        assert(cursor !== undefined)
        const again = yield* reply(held({ cursor, seq: 2 }, "One", "You said: One", "Two"), { system: "Be brief." })
        assert.strictEqual(cursorOf(again), cursor)
        assert.strictEqual(textOf(again), "You said: Two")
        assert.deepStrictEqual(bodies(server)[2], {
          model,
          input: [said("Two")],
          instructions: "Be brief.",
          conversation: cursor,
          stream: true
        })
        assert.strictEqual(server.conversations.get(cursor)?.items.length, 4)
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("sends the history to a new conversation when the known one no longer exists, with a notice", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const events = yield* reply(held({ cursor: "conv_gone", seq: 2 }, "One", "Two", "Three")).pipe(
        Effect.provide(layer(server))
      )
      assert.deepStrictEqual(asked(server), ["POST /v1/responses", "POST /v1/conversations", "POST /v1/responses"])
      const [id] = server.conversations.keys()
      assert.deepStrictEqual(bodies(server)[2], {
        model,
        input: [said("One"), { role: "assistant", content: "Two" }, said("Three")],
        conversation: id,
        stream: true
      })
      assert.deepStrictEqual(events[0], {
        _tag: "Notice",
        notice: { _tag: "HistoryReplayed", provider: "openai", model }
      })
      assert.strictEqual(textOf(events), "You said: Three")
      assert.strictEqual(cursorOf(events), id)
    }))

  it.scoped("does not mistake an unknown model or another error for a missing conversation", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        server.next((_, response) =>
          jsonAnswer(response, 404, {
            error: { message: "No model", type: "invalid_request_error", param: null, code: "model_not_found" }
          })
        )
        assert.strictEqual((yield* failureOf(held({ cursor: "conv_1", seq: 0 }, "One")))._tag, "ProviderRejected")
        server.next((_, response) => jsonAnswer(response, 500, serverError))
        assert.strictEqual((yield* failureOf(held({ cursor: "conv_1", seq: 0 }, "One")))._tag, "ProviderTransient")
      }).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(asked(server), ["POST /v1/responses", "POST /v1/responses"])
    }))

  it.scoped.each([404, 405, 501])(
    "tries conversations once when they answer %i, then chains responses",
    (status) =>
      Effect.gen(function*() {
        const server = yield* makeOpenAiServer({ conversations: false })
        server.next((_, response) => jsonAnswer(response, status, "Not here"))
        yield* Effect.gen(function*() {
          const first = cursorOf(yield* reply(held(undefined, "One")))
          assert(first !== undefined)
          assert.isTrue(server.responses.has(first))
          const second = cursorOf(yield* reply(held({ cursor: first, seq: 2 }, "One", "You said: One", "Two")))
          assert(second !== undefined)
          assert.notStrictEqual(second, first)
          assert.strictEqual(server.responses.get(second)?.length, 4)
          yield* reply(held(undefined, "Another"))
          assert.deepStrictEqual(asked(server), [
            "POST /v1/conversations",
            "POST /v1/responses",
            "POST /v1/responses",
            "POST /v1/responses"
          ])
          assert.deepStrictEqual(bodies(server).slice(1), [
            { model, input: [said("One")], store: true, stream: true },
            { model, input: [said("Two")], store: true, previous_response_id: first, stream: true },
            { model, input: [said("Another")], store: true, stream: true }
          ])
        }).pipe(Effect.provide(layer(server)))
      })
  )

  it.scoped("chains responses on request, and begins a new chain when the vendor has lost it", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const events = yield* reply(held({ cursor: "resp_gone", seq: 2 }, "One", "Two", "Three")).pipe(
        Effect.provide(layer(server, { conversation: "responses" }))
      )
      assert.deepStrictEqual(asked(server), ["POST /v1/responses", "POST /v1/responses"])
      assert.deepStrictEqual(bodies(server)[1], {
        model,
        input: [said("One"), { role: "assistant", content: "Two" }, said("Three")],
        store: true,
        stream: true
      })
      assert.strictEqual(events.find(({ _tag }) => _tag === "Notice")?._tag, "Notice")
      assert.strictEqual(textOf(events), "You said: Three")
    }))

  it.scoped("holds nothing when it is stateless, or when the request does not allow it", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const stateless = layer(server, { conversation: "stateless" })
      const events = yield* reply(held({ cursor: "conv_1", seq: 2 }, "One", "Two", "Three")).pipe(
        Effect.provide(stateless)
      )
      assert.strictEqual(cursorOf(events), undefined)
      const { capabilities } = yield* provider.pipe(Effect.provide(stateless))
      assert.strictEqual(capabilities.conversation, "stateless")
      yield* reply(request(message(1, "user", "One"))).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(
        bodies(server).map((body) =>
          typeof body === "object" && body !== null && "store" in body ? body.store : undefined
        ),
        [false, false]
      )
    }))

  it.scoped("reuses a new conversation for the next call when the vendor refused the first one", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const session = yield* open()
        server.next(server.answer, (_, response) => jsonAnswer(response, 429, serverError))
        const error = yield* Effect.flip(Stream.runDrain(session.respond(held(undefined, "One"))))
        assert.strictEqual(error._tag, "ProviderTransient")
        yield* Stream.runDrain(session.respond(held(undefined, "One")))
        assert.deepStrictEqual(asked(server), [
          "POST /v1/conversations",
          "POST /v1/responses",
          "POST /v1/responses"
        ])
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
      // It is the session's own now.
      assert.strictEqual(server.conversations.size, 1)
    }))

  it.scoped("removes an unused conversation when there is no next call", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next(server.answer, (_, response) => jsonAnswer(response, 429, serverError))
      yield* Effect.gen(function*() {
        const session = yield* open()
        yield* Effect.flip(Stream.runDrain(session.respond(held(undefined, "One"))))
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
      assert.strictEqual(server.conversations.size, 0)
      assert.strictEqual(asked(server).at(-1), "DELETE /v1/conversations/conv_1")
    }))

  it.scoped("does not reuse a new conversation that the vendor has lost", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const session = yield* open()
        server.next(server.answer, (request, response) => {
          server.conversations.clear()
          server.answer(request, response)
        })
        yield* Effect.flip(Stream.runDrain(session.respond(held(undefined, "One"))))
        yield* Stream.runDrain(session.respond(held(undefined, "One")))
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
    }))

  it.scoped("removes a new conversation in the background when its first reply broke off", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const removed = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const session = yield* open()
        server.next(
          server.answer,
          (_, response) => streamAnswer(response, responseEvents([wireMessage("Half")]).slice(0, 5)),
          server.answer,
          (request, response) => {
            server.answer(request, response)
            Deferred.unsafeDone(removed, Exit.void)
          }
        )
        const error = yield* Effect.flip(Stream.runDrain(session.respond(held(undefined, "One"))))
        assert.strictEqual(error._tag, "ProviderProtocol")
        yield* Deferred.await(removed)
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
      assert.strictEqual(server.conversations.size, 0)
    }))

  it.scoped("removes a new conversation when its call is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const called = yield* Deferred.make<void>()
      const removed = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const session = yield* open()
        server.next(
          server.answer,
          () => Deferred.unsafeDone(called, Exit.void),
          server.answer,
          (request, response) => {
            server.answer(request, response)
            Deferred.unsafeDone(removed, Exit.void)
          }
        )
        const fiber = yield* Effect.fork(Stream.runDrain(session.respond(held(undefined, "One"))))
        yield* Deferred.await(called)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(removed)
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
      assert.strictEqual(server.conversations.size, 0)
    }))

  it.scoped("removes a new conversation before the session closes, even at once", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const called = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const session = yield* open()
        server.next(server.answer, () => Deferred.unsafeDone(called, Exit.void))
        const fiber = yield* Effect.fork(Stream.runDrain(session.respond(held(undefined, "One"))))
        yield* Deferred.await(called)
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.scoped, Effect.provide(layer(server)))
      assert.strictEqual(server.conversations.size, 0)
    }))

  it.scoped("closes after 5 seconds even when the vendor does not answer the removal", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const removing = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const session = yield* Scope.extend(open(), scope)
        server.next(
          server.answer,
          (_, response) => jsonAnswer(response, 429, serverError),
          () => Deferred.unsafeDone(removing, Exit.void)
        )
        yield* Effect.flip(Stream.runDrain(session.respond(held(undefined, "One"))))
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* Deferred.await(removing)
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(closing)
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("keeps a conversation that it did not create in this call", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const session = yield* Scope.extend(open(), scope)
        server.next((_, response) => streamAnswer(response, []))
        yield* Effect.flip(Stream.runDrain(session.respond(held({ cursor: "conv_1", seq: 0 }, "One"))))
        yield* Scope.close(scope, Exit.void)
      }).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(asked(server), ["POST /v1/responses"])
    }))

  it.scoped("fails with ProviderTransient when no conversation can be created", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        server.next((_, response) => response.destroy())
        assert.strictEqual((yield* failureOf(held(undefined, "One")))._tag, "ProviderTransient")
        server.next((_, response) => jsonAnswer(response, 200, "<html>"))
        assert.strictEqual((yield* failureOf(held(undefined, "One")))._tag, "ProviderTransient")
        server.next((_, response) => jsonAnswer(response, 401, serverError))
        assert.strictEqual((yield* failureOf(held(undefined, "One")))._tag, "ProviderAuth")
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("keeps the conversations of many sessions apart", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer({ packet: 64 })
      const texts = Array.from({ length: 10 }, (_, index) => `number ${index}`)
      const replies = yield* Effect.forEach(
        texts,
        (text) =>
          Effect.gen(function*() {
            const cursor = cursorOf(yield* reply(held(undefined, text)))
            assert(cursor !== undefined)
            return textOf(yield* reply(held({ cursor, seq: 2 }, text, "", `${text} again`)))
          }),
        { concurrency: 10 }
      ).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(replies, texts.map((text) => `You said: ${text} again`))
      assert.strictEqual(server.conversations.size, 10)
    }))
})
