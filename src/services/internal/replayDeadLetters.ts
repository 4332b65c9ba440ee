import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeadLetter, ReplayDeadLetters, ReplayOutcome } from "../../domain/DeadLetter.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { Cursor } from "../../domain/Page.js"
import type { HookBus } from "../HookBus.js"
import type { SessionStore } from "../SessionStore.js"

/**
 * Delivers dead letters to their hooks again, oldest failure first, which keeps the order of each session's events. Replays
 * run one at a time: two would deliver the same event twice.
 */
export const makeReplay = (store: SessionStore["Type"], hooks: HookBus["Type"]) => {
  const oneAtATime = Effect.unsafeMakeSemaphore(1)

  const eventOf = ({ event: tag, number, sessionId }: DeadLetter) =>
    tag === "SessionDeleted"
      ? store.deletion(sessionId)
      : store.events(sessionId, number - 1, 1).pipe(
        Effect.map((events) => Option.fromNullable(events.find((event) => event.number === number))),
        Effect.catchTag("SessionNotFound", () => Effect.succeed(Option.none<SessionEvent>()))
      )

  const replayOne = Effect.fnUntraced(function*(letter: DeadLetter) {
    const event = yield* eventOf(letter)
    if (Option.isNone(event)) return yield* Effect.as(store.removeDeadLetter(letter), "missing" as const)
    return yield* hooks.replay(letter.hook, event.value).pipe(
      Effect.flatMap(Option.match({
        onNone: () => Effect.as(store.removeDeadLetter(letter), "delivered" as const),
        onSome: ({ at, attempts, reason }) =>
          Effect.as(
            store.updateDeadLetter({ ...letter, at, reason, attempts: letter.attempts + attempts }),
            "failed" as const
          )
      })),
      Effect.catchTag("ConfigurationError", () => Effect.succeed("unknown" as const))
    )
  })

  return Effect.fnUntraced(
    function*({ limit = 100, ...query }: ReplayDeadLetters) {
      const outcome = { delivered: 0, missing: 0, failed: 0, unknown: 0 } satisfies ReplayOutcome
      let left = limit
      let cursor: Cursor | undefined
      do {
        const page = yield* store.deadLetters({
          ...query,
          limit: Math.min(left, pageSize),
          ...(cursor !== undefined && { cursor })
        })
        for (const letter of page.items) outcome[yield* replayOne(letter)] += 1
        left -= page.items.length
        cursor = page.next
      } while (cursor !== undefined && left > 0)
      return outcome
    },
    oneAtATime.withPermits(1)
  )
}

const pageSize = 100
