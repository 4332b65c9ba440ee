import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { SlowConsumer } from "../../../domain/error/SlowConsumer.js"
import type { FeedEvent } from "../../../domain/FeedEvent.js"
import { type FeedPlace, toPosition } from "../../../domain/FeedPosition.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { LiveFeed } from "../../../services/internal/actor/LiveFeed.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { Live, Watcher } from "./makeFeedHub.js"

const pageSize = 200

type FeedError = ChangeError | SlowConsumer

/**
 * A session's feed from a place on. `open` tells where the feed is and has the watcher listen from that very moment, so
 * that what the store has of it and what is heard afterwards meet without a gap.
 */
export const makeFeedStream = (
  id: SessionId,
  from: FeedPlace,
  store: SessionStore["Type"],
  events: Watcher,
  open: Effect.Effect<LiveFeed, ChangeError>
): Stream.Stream<FeedEvent, FeedError> => {
  let place = from

  const see = (event: SessionEvent): FeedEvent => {
    place = { number: event.number, offset: event._tag === "TurnStarted" ? 0 : place.offset }
    return { position: toPosition(place), event }
  }

  /** What the store has after this place, up to an event's number. */
  const stored = (upTo: number): Stream.Stream<FeedEvent, FeedError> =>
    Stream.paginateChunkEffect(place.number, (after) =>
      Effect.map(store.events(id, after, pageSize), (page) => {
        const wanted = page.filter(({ number }) => number <= upTo)
        const last = wanted.at(-1)
        const next = last && wanted.length === pageSize ? Option.some(last.number) : Option.none()
        return [Chunk.unsafeFromArray(wanted.map(see)), next]
      }))

  /** What has been said of the reply under way, as far as it has not been seen. */
  const said = ({ lastEvent, reply }: LiveFeed): Stream.Stream<FeedEvent> => {
    if (reply === undefined) return Stream.empty
    const offset = reply.startedWith <= from.number ? from.offset : 0
    const text = reply.text.slice(offset)
    if (text === "") return Stream.empty
    place = { number: lastEvent, offset: reply.text.length }
    const event = { _tag: "TurnDelta" as const, turnId: reply.turnId, offset, text }
    return Stream.make({ position: toPosition(place), event })
  }

  const heard = Effect.fnUntraced(function*(lives: Chunk.Chunk<Live>) {
    const seen: Array<FeedEvent> = []
    for (const live of lives) {
      // Nobody was told of what an actor committed just before it failed.
      const known = "upTo" in live ? live.upTo : live.event._tag === "TurnDelta" ? 0 : live.event.number - 1
      if (known > place.number) seen.push(...yield* Stream.runCollect(stored(known)))
      if ("upTo" in live) continue
      const { event } = live
      if (event._tag === "TurnDelta") {
        place = { ...place, offset: event.offset + event.text.length }
        seen.push(live)
      } else if (event.number > place.number) {
        seen.push(see(event))
      }
    }
    return Chunk.unsafeFromArray(seen)
  })

  return Stream.unwrap(
    Effect.map(open, (feed) =>
      Stream.suspend(() => stored(feed.lastEvent)).pipe(
        Stream.concat(Stream.suspend(() => said(feed))),
        Stream.concat(Stream.mapChunksEffect(Mailbox.toStream(events), heard))
      ))
  )
}
