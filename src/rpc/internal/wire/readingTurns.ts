import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"

/**
 * Something that has frames to read.
 */
export interface Reader {
  /** Reads at most so many frames. Returns whether there are more. */
  readonly read: (maxFrames: number) => Effect.Effect<boolean>
}

/**
 * Reads from connections in turn, a few frames each, and yields to the event loop in between. A flood on one connection delays the
 * calls of the others by no more than one turn.
 */
export const makeReadingTurns = Effect.gen(function*() {
  const ready = yield* Queue.unbounded<Reader>()

  const forever = Effect.gen(function*() {
    let since = yield* Clock.currentTimeNanos
    let turns = 0
    while (true) {
      const reader = yield* Queue.take(ready)
      if (yield* readSome(reader)) ready.unsafeOffer(reader)
      turns += 1
      if (turns < maxTurns && (yield* Clock.currentTimeNanos) - since < maxNanos) continue
      yield* eventLoopTurn
      since = yield* Clock.currentTimeNanos
      turns = 0
    }
  })
  yield* Effect.forkScoped(Effect.interruptible(forever))

  return {
    /** Adds a reader that is not among those that wait. */
    add: (reader: Reader) => ready.unsafeOffer(reader)
  }
})

/** A defect in reading from one connection must not end the reading from all. */
const readSome = (reader: Reader) =>
  Effect.catchAllCause(
    reader.read(framesPerTurn),
    (cause) => Effect.as(Effect.logError("Reading from a connection ended in a defect", cause), false)
  )

const framesPerTurn = 16
const maxTurns = 16
const maxNanos = 10_000_000n
