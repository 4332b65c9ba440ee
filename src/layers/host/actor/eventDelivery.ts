import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type { SessionEvent } from "../../../domain/Events.js"
import { type ActorCore, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"

/** Events that are read at once for hooks that have not been told of them. */
const page = 500

/**
 * Tells the feed and hooks of what was committed, and stores how far hooks have been told.
 */
export const makeEventDelivery = (
  core: ActorCore,
  hasOpenTurns: () => boolean,
  { feed, hooks, store }: ActorServices
) => {
  /** `after` is the event before the first of these, if any were left out between the two. */
  const tellHooks = (events: ReadonlyArray<SessionEvent>, after?: number) =>
    Effect.forEach(events, (event, index) => {
      const before = index === 0 ? after ?? event.number - 1 : events[index - 1]?.number ?? 0
      return hooks.publish(event, (failures) => {
        core.noteDelivered(event, before, failures)
        // A turn that is open brings a commit of its own, which is not to wait for this one.
        if (failures.length > 0 && !hasOpenTurns()) core.tell({ run: save, abandon: constVoid })
      })
    }, { discard: true })

  const tell = (events: ReadonlyArray<SessionEvent>) => {
    feed.publish(core.id, events)
    return tellHooks(events)
  }

  const save = Effect.suspend(() =>
    core.delivery().stored ? Effect.void : core.persist({ changes: {}, next: core.state() })
  )

  /** Tells hooks once more of what they may not have heard: their process ended, or too much waited for them. */
  const redeliver: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const { lastEvent } = core.state()
    const rest = (after: number): Effect.Effect<void, PersistFailure> =>
      store.events(core.id, after, page).pipe(
        Effect.mapError((error) => new PersistFailure({ error })),
        Effect.tap((events) => tellHooks(events, after)),
        Effect.flatMap((events) => {
          const last = events.at(-1)
          return last && last.number < lastEvent ? rest(last.number) : Effect.void
        })
      )
    const { done, upTo } = core.delivery()
    return done ? Effect.void : rest(upTo)
  })

  return { tell, save, redeliver }
}
