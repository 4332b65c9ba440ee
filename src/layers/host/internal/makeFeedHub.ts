import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import { ShuttingDown } from "../../../domain/error/ShuttingDown.js"
import { SlowConsumer } from "../../../domain/error/SlowConsumer.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { TurnDelta } from "../../../domain/TurnEvent.js"
import type { FeedHub } from "../../../services/internal/actor/FeedHub.js"

/**
 * What a watcher is handed: what has happened, or the news that the store knows events up to a number.
 */
export type Heard = SessionEvent | TurnDelta | { readonly _tag: "CatchUp"; readonly number: number }

export type Watcher = Mailbox.Mailbox<Heard, ShuttingDown | SlowConsumer>

export interface WatchedFeedHub extends FeedHub {
  /** A watcher that holds at most `capacity` events. It hears nothing before `listen`. */
  readonly watcher: (id: SessionId) => Effect.Effect<
    { readonly events: Watcher; readonly listen: () => void },
    never,
    Scope.Scope
  >
  /** The host stops: all who watch are told to come back later. */
  readonly close: Effect.Effect<void>
}

export const makeFeedHub = (capacity: number): WatchedFeedHub => {
  const watchers = new Map<SessionId, Set<Watcher>>()

  const offer = (id: SessionId, heard: Heard) => {
    for (const watcher of watchers.get(id) ?? []) {
      if (!watcher.unsafeOffer(heard)) watcher.unsafeDone(Exit.fail(new SlowConsumer({ sessionId: id })))
    }
  }

  const leave = (id: SessionId, watcher: Watcher) => {
    const others = watchers.get(id)
    others?.delete(watcher)
    if (others?.size === 0) watchers.delete(id)
  }

  return {
    publish: (id, events) => {
      for (const event of events) offer(id, event)
    },
    catchUp: (id, number) => offer(id, { _tag: "CatchUp", number }),
    end: (id) => {
      for (const watcher of watchers.get(id) ?? []) watcher.unsafeDone(Exit.void)
    },
    watcher: (id) =>
      Effect.gen(function*() {
        const events: Watcher = yield* Mailbox.make<Heard, ShuttingDown | SlowConsumer>({
          capacity,
          strategy: "dropping"
        })
        yield* Effect.addFinalizer(() => Effect.zipRight(Effect.sync(() => leave(id, events)), events.shutdown))
        return {
          events,
          listen: () => {
            const all = watchers.get(id) ?? new Set()
            watchers.set(id, all.add(events))
          }
        }
      }),
    close: Effect.sync(() => {
      for (const [sessionId, all] of watchers) {
        for (const watcher of all) watcher.unsafeDone(Exit.fail(new ShuttingDown({ sessionId })))
      }
    })
  }
}
