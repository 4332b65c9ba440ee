import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ShuttingDown } from "../../../domain/error/RequestError.js"
import { type ChangeError, SlowConsumer } from "../../../domain/error/SessionError.js"
import {
  type FeedEvent,
  type FeedPlace,
  type SessionEvent,
  toFeedPosition,
  type TurnDelta
} from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { FeedHub } from "../actor/ActorServices.js"
import type { FeedState } from "../actor/SessionActor.js"

/**
 * A session's feed from a position on. `open` returns the feed's current position and subscribes the watcher at the
 * same moment, so that there is no gap between the stored events and the live ones.
 */
export const makeFeedStream = (
  id: SessionId,
  from: FeedPlace,
  store: SessionStore["Type"],
  events: Watcher,
  open: Effect.Effect<FeedState, ChangeError>
): Stream.Stream<FeedEvent, FeedError> => {
  let place = from

  const toFeedEvent = (event: SessionEvent | TurnDelta): FeedEvent => {
    place = event._tag === "TurnDelta"
      ? { ...place, offset: event.offset + event.text.length }
      : { number: event.number, offset: event._tag === "TurnStarted" ? 0 : place.offset }
    return { position: toFeedPosition(place), event }
  }

  /** The stored events after the current position, up to an event's number. */
  const stored = (upTo: number): Stream.Stream<FeedEvent, FeedError> =>
    Stream.paginateChunkEffect(place.number, (after) =>
      Effect.map(store.events(id, after, pageSize), (page) => {
        const wanted = page.filter(({ number }) => number <= upTo)
        const last = wanted.at(-1)
        const next = last && wanted.length === pageSize ? Option.some(last.number) : Option.none()
        return [Chunk.unsafeFromArray(wanted.map(toFeedEvent)), next]
      }))

  /** The text of the running reply that the watcher has not seen. */
  const liveText = ({ reply }: FeedState): Stream.Stream<FeedEvent> => {
    if (reply === undefined) return Stream.empty
    const offset = reply.startEvent <= from.number ? from.offset : 0
    const text = reply.text.slice(offset)
    return text === ""
      ? Stream.empty
      : Stream.make(toFeedEvent({ _tag: "TurnDelta", turnId: reply.turnId, offset, text }))
  }

  const toFeedEvents = Effect.fnUntraced(function*(messages: Chunk.Chunk<FeedMessage>) {
    const feedEvents: Array<FeedEvent> = []
    for (const message of messages) {
      if (message._tag === "TurnDelta") {
        feedEvents.push(toFeedEvent(message))
        continue
      }
      // Events that an actor committed just before it failed were not published.
      const storedUpTo = message._tag === "CatchUp" ? message.number : message.number - 1
      if (storedUpTo > place.number) feedEvents.push(...yield* Stream.runCollect(stored(storedUpTo)))
      if (message._tag !== "CatchUp" && message.number > place.number) feedEvents.push(toFeedEvent(message))
    }
    return Chunk.unsafeFromArray(feedEvents)
  })

  return Stream.unwrap(
    Effect.map(open, (feed) =>
      Stream.suspend(() => stored(feed.lastEvent)).pipe(
        Stream.concat(Stream.suspend(() => liveText(feed))),
        Stream.concat(Stream.mapChunksEffect(Mailbox.toStream(events), toFeedEvents))
      ))
  )
}

const pageSize = 200

type FeedError = ChangeError | SlowConsumer

/**
 * The watchers of a host's sessions.
 */
export interface WatchedFeedHub extends FeedHub {
  /** A watcher that buffers at most `capacity` events. It receives nothing before `subscribe`. */
  readonly watcher: (id: SessionId) => Effect.Effect<
    { readonly events: Watcher; readonly subscribe: () => void },
    never,
    Scope.Scope
  >
  /** Ends all feeds with `ShuttingDown`. */
  readonly close: Effect.Effect<void>
}

export const makeFeedHub = (capacity: number): WatchedFeedHub => {
  const watchers = new Map<SessionId, Set<Watcher>>()

  const offer = (id: SessionId, message: FeedMessage) => {
    for (const watcher of watchers.get(id) ?? []) {
      if (!watcher.unsafeOffer(message)) watcher.unsafeDone(Exit.fail(new SlowConsumer({ sessionId: id })))
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
        const events: Watcher = yield* Mailbox.make<FeedMessage, ShuttingDown | SlowConsumer>({
          capacity,
          strategy: "dropping"
        })
        yield* Effect.addFinalizer(() => Effect.zipRight(Effect.sync(() => leave(id, events)), events.shutdown))
        return {
          events,
          subscribe: () => {
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

/**
 * What a watcher receives: an event, or the hint that the store has events up to a number.
 */
export type FeedMessage = SessionEvent | TurnDelta | { readonly _tag: "CatchUp"; readonly number: number }

export type Watcher = Mailbox.Mailbox<FeedMessage, ShuttingDown | SlowConsumer>
