import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { v7 } from "uuid"
import { MessageId, SessionId, TurnId } from "../domain/Ids.js"

/**
 * Generates the ids of sessions, turns and messages. Ids sort by creation time.
 */
export class IdGenerator extends Context.Tag("langswarm-session/services/IdGenerator")<IdGenerator, {
  readonly sessionId: Effect.Effect<SessionId>
  readonly turnId: Effect.Effect<TurnId>
  readonly messageId: Effect.Effect<MessageId>
}>() {
  /** UUIDv7 (RFC 9562): the clock's milliseconds, a counter within the millisecond, and random bits. */
  static readonly layer: Layer.Layer<IdGenerator> = Layer.sync(IdGenerator, () => {
    let last = 0
    let counter = 0
    return IdGenerator.fromNext(
      Effect.map(Clock.currentTimeMillis, (now) => {
        counter = now > last ? 0 : counter + 1
        last = Math.max(now, last)
        return v7({ msecs: last, seq: counter })
      })
    )
  })

  /** Deterministic ids for tests: `00000000-0000-7000-8000-000000000001` and so on. */
  static readonly layerTest: Layer.Layer<IdGenerator> = Layer.sync(IdGenerator, () => {
    let count = 0
    return IdGenerator.fromNext(
      Effect.sync(() => `00000000-0000-7000-8000-${(++count).toString(16).padStart(12, "0")}`)
    )
  })

  /** Makes all ids with `next`. */
  static readonly fromNext = (next: Effect.Effect<string>): IdGenerator["Type"] => ({
    sessionId: Effect.map(next, (id) => SessionId.make(id)),
    turnId: Effect.map(next, (id) => TurnId.make(id)),
    messageId: Effect.map(next, (id) => MessageId.make(id))
  })
}
