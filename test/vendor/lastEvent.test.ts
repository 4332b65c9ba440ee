import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"
import { start } from "../host/anotherHost.js"
import { runtimeWith, vendors } from "./vendors.js"

/** Edits the text of each streamed answer on its way, and passes it on in packets of 7 bytes. */
const editing = (edit: (text: string) => string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { fetch } = globalThis
      return vi.spyOn(globalThis, "fetch").mockImplementation(async (...request) => {
        const response = await fetch(...request)
        const { headers, status } = response
        if (!headers.get("content-type")?.includes("event-stream")) return response
        const bytes = new TextEncoder().encode(edit(await response.text()))
        const body = new ReadableStream({
          start: (controller) => {
            for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.subarray(at, at + 7))
            controller.close()
          }
        })
        return new Response(body, { headers, status })
      })
    }),
    (spy) => Effect.sync(() => spy.mockRestore())
  )

/** Without the blank line at its end. Chat completions say `[DONE]` after the last event that matters. */
const trimmed = (text: string) => text.replace("data: [DONE]", "").trimEnd()

describe.each(Object.entries(vendors()))("a stream of %s that ends without a blank line", (_, make) => {
  for (
    const { edit, what } of [
      { what: "at the end of the data", edit: trimmed },
      { what: "at the end of the line", edit: (text: string) => `${trimmed(text)}\n` },
      { what: "with CRLF", edit: (text: string) => trimmed(text).replaceAll("\n", "\r\n") },
      {
        what: "with CRLF, at the end of the line",
        edit: (text: string) => `${trimmed(text)}\n`.replaceAll("\n", "\r\n")
      },
      { what: "at half of a line's end", edit: (text: string) => `${trimmed(text).replaceAll("\n", "\r\n")}\r` },
      { what: "and whose last line is a comment", edit: (text: string) => `${trimmed(text)}\n:\n` }
    ]
  ) {
    it.scoped(`is whole ${what}`, () =>
      Effect.gen(function*() {
        const { provider } = yield* make
        yield* editing(edit)
        yield* Effect.gen(function*() {
          const session = yield* start
          const reply = yield* session.send("hello")
          assert.deepInclude(reply, { text: "You said: hello", finishReason: "complete" })
          assert.isDefined(reply.usage)
        }).pipe(Effect.provide(runtimeWith(provider)))
      }))
  }

  it.scoped("is cut when the data of its last event is cut", () =>
    Effect.gen(function*() {
      const { provider } = yield* make
      // Leaves out a brace of the last event that matters, so that its data is not JSON.
      yield* editing((text) => trimmed(text.replace(/("finish_reason":"stop".*)\n[^]*/, "$1")).slice(0, -1))
      yield* Effect.gen(function*() {
        const session = yield* start
        const error = yield* Effect.flip(session.send("hello"))
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.match(error.message, /the stream ended/)
        const { items } = yield* session.messages({ role: "assistant" })
        assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [[
          "cut",
          "You said: hello"
        ]])
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))
})
