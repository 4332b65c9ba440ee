import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { inSpan } from "./inSpan.js"
import { measure } from "./measure.js"
import { meters } from "./meters.js"
import { ofExit } from "./SpanEnd.js"

/**
 * A store whose commits are seen. A turn is counted by the commit that ends it, since there is exactly one.
 */
export const watchStore = (store: SessionStore["Type"]): SessionStore["Type"] => ({
  ...store,

  open: (id, window) =>
    inSpan(
      "store open",
      { attributes: { "gen_ai.conversation.id": id } },
      store.open(id, window),
      (exit) => Effect.succeed(ofExit(exit))
    ),

  commit: (id, epoch, changes) =>
    Effect.flatMap(Clock.currentTimeNanos, (startedAt) =>
      inSpan(
        "store commit",
        { attributes: { "gen_ai.conversation.id": id, ...attributesOf(changes) } },
        store.commit(id, epoch, changes),
        (exit) =>
          Effect.gen(function*() {
            const end = ofExit(exit)
            const tags = typeof end === "object" ? { "error.type": end.error } : {}
            yield* measure(meters.commitDuration, Number((yield* Clock.currentTimeNanos) - startedAt) / 1e9, tags)
            if (Exit.isSuccess(exit)) yield* Effect.forEach(changes.turns ?? [], countTurn, { discard: true })
            return end
          })
      ))
})

const attributesOf = ({ events = [], messages = [], turns = [] }: SessionChanges) => ({
  ...(turns.length === 1 && { "langswarm.turn.id": turns[0]?.id }),
  "langswarm.commit.turns": turns.length,
  "langswarm.commit.messages": messages.length,
  "langswarm.commit.events": events.length
})

const countTurn = ({ acceptedAt, endedAt, error, status }: Turn): Effect.Effect<void> => {
  if (!isTerminal(status) || endedAt === undefined) return Effect.void
  const tags = { outcome: status, "error.type": status === "failed" ? error?.code : undefined }
  return Effect.zipRight(
    measure(meters.turns, 1, tags),
    measure(meters.turnDuration, Math.max(0, DateTime.distance(acceptedAt, endedAt)) / 1e3, tags)
  )
}
