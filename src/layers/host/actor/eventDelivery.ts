import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type { SessionEvent } from "../../../domain/Events.js"
import { type ActorCore, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"

/**
 * Publishes committed events to the feed and to hooks, and stores how far hooks have got.
 */
export const makeEventDelivery = (
  core: ActorCore,
  hasOpenTurns: () => boolean,
  { feed, hooks, store }: ActorServices
) => {
  /** `after` is the number of the last event before these, if it is not the one just before them. */
  const publishToHooks = (events: ReadonlyArray<SessionEvent>, after?: number) =>
    Effect.forEach(events, (event, index) => {
      const before = index === 0 ? after ?? event.number - 1 : events[index - 1]?.number ?? 0
      return hooks.publish(event, (failures) => {
        core.noteDelivered(event, before, failures)
        // The next commit of an open turn stores this as well.
        if (failures.length > 0 && !hasOpenTurns()) core.offer({ run: save, abandon: constVoid })
      })
    }, { discard: true })

  const publish = (events: ReadonlyArray<SessionEvent>) => {
    feed.publish(core.id, events)
    return publishToHooks(events)
  }

  const save = Effect.suspend(() =>
    core.delivery().stored ? Effect.void : core.persist({ changes: {}, next: core.state() })
  )

  /** Publishes again the events that hooks may have missed: the process ended, or their queue was full. */
  const redeliver: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const { lastEvent } = core.state()
    const rest = (after: number): Effect.Effect<void, PersistFailure> =>
      store.events(core.id, after, pageSize).pipe(
        Effect.mapError((error) => new PersistFailure({ error })),
        Effect.tap((events) => publishToHooks(events, after)),
        Effect.flatMap((events) => {
          const last = events.at(-1)
          return last && last.number < lastEvent ? rest(last.number) : Effect.void
        })
      )
    const { done, upTo } = core.delivery()
    return done ? Effect.void : rest(upTo)
  })

  return { publish, save, redeliver }
}

/** Events read from the store at once. */
const pageSize = 500
