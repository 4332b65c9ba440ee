import { assert, describe, it } from "@effect/vitest"
import { FastCheck, Option } from "effect"
import { unseenOf } from "../../src/client/internal/remoteOperations.js"
import type { TurnEvent } from "../../src/domain/Events.js"
import { message, turnId } from "../domain/conversation.js"

const accepted: TurnEvent = { _tag: "TurnAccepted", turnId, outcome: "started" }
const started: TurnEvent = { _tag: "TurnStarted", turnId, message: message(1, "user", "hello") }
const completed: TurnEvent = { _tag: "TurnCompleted", turnId, message: message(2, "assistant", "hi") }
const delta = (offset: number, text: string): TurnEvent => ({ _tag: "TurnDelta", turnId, offset, text })

/** Splits a text at these places. */
const pieces = (text: string, cuts: ReadonlyArray<number>) => {
  const places = [
    0,
    ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < text.length).toSorted((a, b) => a - b),
    text.length
  ]
  return places.slice(1).map((end, index) => delta(places[index] ?? 0, text.slice(places[index], end)))
}

const textOf = (events: ReadonlyArray<TurnEvent>) =>
  events.map((event) => (event._tag === "TurnDelta" ? event.text : "")).join("")

describe("unseenOf", () => {
  it("drops the events of a repeated turn that were seen before", () => {
    const unseen = unseenOf()
    const first = [accepted, started, delta(0, "on"), delta(2, "e ")]
    assert.deepStrictEqual(first.map(unseen), first.map(Option.some))
    const again: ReadonlyArray<TurnEvent> = [
      { ...accepted, outcome: "joined" },
      started,
      delta(0, "one two"),
      completed
    ]
    assert.deepStrictEqual(again.map(unseen), [
      Option.none(),
      Option.none(),
      Option.some(delta(4, "two")),
      Option.some(completed)
    ])
    assert.deepStrictEqual([...again, ...first].map(unseen), Array(8).fill(Option.none()))
  })

  it("keeps the whole text, wherever the turn was cut and repeated", () => {
    const cuts = FastCheck.array(FastCheck.nat({ max: 40 }), { maxLength: 8 })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.string({ minLength: 1, maxLength: 40 }),
        FastCheck.array(FastCheck.tuple(cuts, FastCheck.nat({ max: 10 })), { maxLength: 4 }),
        cuts,
        (text, connections, last) => {
          const unseen = unseenOf()
          const shown = [...connections.map(([cuts, kept]) => pieces(text, cuts).slice(0, kept)), pieces(text, last)]
          const seen = shown.flat().flatMap((event) => Option.toArray(unseen(event)))
          assert.strictEqual(textOf(seen), text)
          let length = 0
          for (const event of seen) {
            assert(event._tag === "TurnDelta")
            assert.strictEqual(event.offset, length)
            length += event.text.length
          }
        }
      )
    )
  })
})
