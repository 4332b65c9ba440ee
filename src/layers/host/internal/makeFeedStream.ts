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
import type { TurnDelta } from "../../../domain/TurnEvent.js"
import type { FeedState } from "../../../services/internal/actor/FeedState.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { Heard, Watcher } from "./makeFeedHub.js"

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
  open: Effect.Effect<FeedState, ChangeError>
): Stream.Stream<FeedEvent, FeedError> => {
  let place = from

  const see = (event: SessionEvent | TurnDelta): FeedEvent => {
    place = event._tag === "TurnDelta"
      ? { ...place, offset: event.offset + event.text.length }
      : { number: event.number, offset: event._tag === "TurnStarted" ? 0 : place.offset }
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
  const said = ({ reply }: FeedState): Stream.Stream<FeedEvent> => {
    if (reply === undefined) return Stream.empty
    const offset = reply.startedWith <= from.number ? from.offset : 0
    const text = reply.text.slice(offset)
    return text === "" ? Stream.empty : Stream.make(see({ _tag: "TurnDelta", turnId: reply.turnId, offset, text }))
  }

  const seeAll = Effect.fnUntraced(function*(all: Chunk.Chunk<Heard>) {
    const seen: Array<FeedEvent> = []
    for (const heard of all) {
      if (heard._tag === "TurnDelta") {
        seen.push(see(heard))
        continue
      }
      // Nobody was told of what an actor committed just before it failed.
      const known = heard._tag === "CatchUp" ? heard.number : heard.number - 1
      if (known > place.number) seen.push(...yield* Stream.runCollect(stored(known)))
      if (heard._tag !== "CatchUp" && heard.number > place.number) seen.push(see(heard))
    }
    return Chunk.unsafeFromArray(seen)
  })

  return Stream.unwrap(
    Effect.map(open, (feed) =>
      Stream.suspend(() => stored(feed.lastEvent)).pipe(
        Stream.concat(Stream.suspend(() => said(feed))),
        Stream.concat(Stream.mapChunksEffect(Mailbox.toStream(events), seeAll))
      ))
  )
}
