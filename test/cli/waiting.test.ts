import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TurnReceipt } from "../../src/domain/Send.js"
import { Turn } from "../../src/domain/Turn.js"
import { busySession } from "./busySession.js"
import { connected } from "./connected.js"
import { serve } from "./inProcess.js"

const ErrorLine = Schema.parseJson(Schema.Struct({ code: Schema.String }))
const Receipt = Schema.parseJson(Schema.Struct({ sessionId: Schema.String, ...TurnReceipt.fields }))
const Turns = Schema.parseJson(Schema.Array(Turn))

const refusal = (stderr: string) => Effect.map(Schema.decode(ErrorLine)(stderr), ({ code }) => code)

/** A server with a busy session, and its commands. */
const start = Effect.fnUntraced(function*(...waiting: ReadonlyArray<string>) {
  const { dataDir, langswarm, url } = yield* serve()
  const id = yield* connected(url, dataDir)(busySession("first", ...waiting))
  return { id, langswarm }
})

describe("commands while a turn runs", () => {
  it.scopedLive("print the outcome of a send, and why one is refused", () =>
    Effect.gen(function*() {
      const { id, langswarm } = yield* start()
      const send = (...args: ReadonlyArray<string>) => langswarm("send", "--session", id, ...args)

      const queued = yield* send("--no-wait", "--json", "--key", "k", "second")
      const receipt = yield* Schema.decode(Receipt)(queued.stdout)
      assert.deepStrictEqual([queued.exitCode, receipt.sessionId, receipt.outcome], [0, id, "queued"])
      const conflict = yield* send("--no-wait", "--json", "--key", "k", "something else")
      assert.deepStrictEqual([conflict.exitCode, yield* refusal(conflict.stderr)], [2, "idempotency_conflict"])
      const busy = yield* send("--json", "--when-busy", "reject", "third")
      assert.deepStrictEqual([busy.exitCode, yield* refusal(busy.stderr)], [1, "session_busy"])
      const late = yield* send("--json", "--timeout", "1 millis", "third")
      assert.deepStrictEqual([late.exitCode, yield* refusal(late.stderr)], [6, "deadline_exceeded"])
      const invalid = yield* send("--timeout", "soon", "third")
      assert.strictEqual(invalid.exitCode, 2)
      assert.include(invalid.stderr, "--timeout must be a length of time")
      const interrupting = yield* send("--no-wait", "--when-busy", "interrupt", "--on-unknown", "retry", "fourth")
      assert.match(interrupting.stdout, /^turn \S+ is stored: the running turn is stopped for it\n$/)
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("list, edit and drop the turns that wait", () =>
    Effect.gen(function*() {
      const { id, langswarm } = yield* start("second")
      const waiting = yield* langswarm("pending", id)
      const turn = /^(\S+) .* queue .* second\n$/.exec(waiting.stdout)?.[1] ?? assert.fail(waiting.stdout)
      const shown = yield* langswarm("show", id)
      assert.match(shown.stdout, /^open turns +1 running, 1 waiting$/m)

      assert.strictEqual((yield* langswarm("edit", id, turn, "changed")).stdout, "Edited.\n")
      const edited = yield* Effect.flatMap(langswarm("pending", "--json", id), ({ stdout }) =>
        Schema.decode(Turns)(stdout))
      assert.deepStrictEqual(
        edited.map(({ prompt }) =>
          prompt?.parts
        ),
        [[{ _tag: "Text", text: "changed" }]]
      )

      assert.strictEqual((yield* langswarm("stop", "--turn", turn, id)).stdout, "Stopped.\n")
      const late = yield* langswarm("edit", id, turn, "too late")
      assert.deepStrictEqual([late.exitCode, late.stdout], [1, ""])
      assert.include(late.stderr, turn)
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)
})
