import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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
import { encodedBytes } from "../../../domain/Size.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { FeedHub } from "../actor/ActorServices.js"
import type { FeedState } from "../actor/SessionActor.js"
import { type EventBuffer, makeEventBuffer } from "./eventBuffer.js"

/**
 * A session's feed from a position on. `open` returns the feed's current position and subscribes the watcher at the
 * same moment, so that there is no gap between the stored events and the live ones. A chunk holds at most `maxEventBytes` of
 * events, or one event.
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

  /** The text of the running reply that the watcher has not seen. */
  const liveText = ({ reply }: FeedState): ReadonlyArray<TurnDelta> => {
    if (reply === undefined) return []
    const offset = reply.startEvent <= from.number ? from.offset : 0
    const text = reply.text.slice(offset)
    return text === "" ? [] : [{ _tag: "TurnDelta", turnId: reply.turnId, offset, text }]
  }

  return Stream.unwrap(Effect.map(open, (feed) => {
    /** The stored events up to `wantedUpTo` come before the messages. They were read up to `readUpTo`. */
    let wantedUpTo = feed.lastEvent
    let readUpTo = from.number
    let messages: ReadonlyArray<FeedMessage> = liveText(feed)

    const readStored: Pull = Effect.suspend(() =>
      Effect.flatMap(store.events(id, place.number, pageSize), (events) => {
        const wanted = events.filter(({ number }) => number <= wantedUpTo)
        const feedEvents = wanted.map(toFeedEvent)
        // The last ones may be missing: the messages of some events were cleared.
        if (wanted.length === 0 || wanted.length < events.length || place.number === wantedUpTo) readUpTo = wantedUpTo
        return feedEvents.length === 0 ? pull : Effect.succeed(feedEvents)
      })
    )

    /** The messages before the first one that must wait for stored events. */
    const takeMessages = (): ReadonlyArray<FeedEvent> => {
      const feedEvents: Array<FeedEvent> = []
      for (const [index, message] of messages.entries()) {
        // One read serves several of them.
        if (message._tag === "CatchUp" && messages[index + 1]?._tag === "CatchUp") continue
        if (message._tag !== "TurnDelta") {
          // Events that an actor committed just before it failed were not published.
          wantedUpTo = message._tag === "CatchUp" ? message.number : message.number - 1
          if (wantedUpTo > Math.max(place.number, readUpTo)) {
            messages = messages.slice(index)
            return feedEvents
          }
        }
        if (message._tag === "TurnDelta" || (message._tag !== "CatchUp" && message.number > place.number)) {
          feedEvents.push(toFeedEvent(message))
        }
      }
      messages = []
      return feedEvents
    }

    const pull: Pull = Effect.suspend(() => {
      if (wantedUpTo > Math.max(place.number, readUpTo)) return readStored
      if (messages.length === 0) {
        return Effect.flatMap(events.take, (taken) => {
          messages = taken
          return taken.length === 0 ? Effect.succeed([]) : pull
        })
      }
      const feedEvents = takeMessages()
      return feedEvents.length === 0 ? pull : Effect.succeed(feedEvents)
    })

    return Stream.unfoldChunkEffect(
      undefined,
      () =>
        Effect.map(
          pull,
          (feedEvents) =>
            feedEvents.length === 0 ? Option.none() : Option.some([Chunk.unsafeFromArray(feedEvents), undefined])
        )
    )
  }))
}

/** Events read from the store at once. */
const pageSize = 200

type FeedError = ChangeError | SlowConsumer

/** The next events; none at the end. */
type Pull = Effect.Effect<ReadonlyArray<FeedEvent>, FeedError>

/**
 * The watchers of a host's sessions.
 */
export interface WatchedFeedHub extends FeedHub {
  /**
   * A watcher that buffers at most `capacity` events. Of those that are stored it keeps about `maxEventBytes`, and reads the rest
   * from the store. It receives nothing before `subscribe`.
   */
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

  const offer = (watcher: Watcher, message: FeedMessage, bytes: number): boolean => {
    switch (message._tag) {
      case "TurnDelta":
        return watcher.offerText(message, bytes)
      case "CatchUp":
      // It is not stored.
      case "SessionDeleted":
        return watcher.offer(message, bytes)
      default:
        return watcher.hasRoomFor(bytes)
          ? watcher.offer(message, bytes)
          : watcher.offer({ _tag: "CatchUp", number: message.number }, 0)
    }
  }

  const offerToAll = (sessionId: SessionId, message: FeedMessage) => {
    const all = watchers.get(sessionId)
    if (all === undefined) return
    const bytes = message._tag === "CatchUp" ? 0 : encodedBytes(message)
    for (const watcher of all) {
      if (!offer(watcher, message, bytes)) watcher.end(Exit.fail(new SlowConsumer({ sessionId })))
    }
  }

  const leave = (id: SessionId, watcher: Watcher) => {
    const others = watchers.get(id)
    others?.delete(watcher)
    if (others?.size === 0) watchers.delete(id)
  }

  return {
    publish: (id, events) => {
      for (const event of events) offerToAll(id, event)
    },
    catchUp: (id, number) => offerToAll(id, { _tag: "CatchUp", number }),
    end: (id) => {
      for (const watcher of watchers.get(id) ?? []) watcher.end(Exit.void)
    },
    watcher: (id) =>
      Effect.gen(function*() {
        const events: Watcher = yield* makeEventBuffer<FeedMessage, ShuttingDown | SlowConsumer>(capacity)
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
        for (const watcher of all) watcher.end(Exit.fail(new ShuttingDown({ sessionId })))
      }
    })
  }
}

/**
 * What a watcher receives: an event, or the hint that the store has events up to a number.
 */
export type FeedMessage = SessionEvent | TurnDelta | { readonly _tag: "CatchUp"; readonly number: number }

export type Watcher = EventBuffer<FeedMessage, ShuttingDown | SlowConsumer>
