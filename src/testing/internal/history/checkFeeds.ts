import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { type FeedPlace, fromFeedPosition, SessionEvent, type TurnDelta } from "../../../domain/Events.js"
import type { SessionId, TurnId } from "../../../domain/Ids.js"
import { broken, type BrokenPromise, entriesOf, type EntryOf, type LogEntry, type StoredHistory } from "./log.js"

/**
 * Checks that each watcher received each stored event once and in order, and between them the text of the reply.
 */
export const checkFeeds = (
  history: StoredHistory,
  log: ReadonlyArray<LogEntry>,
  settled: boolean
): ReadonlyArray<BrokenPromise> => {
  const stored = toStored(history)
  const begun = new Map(entriesOf(log, "Watched").map(({ from, watcher }) => [watcher, from]))
  const fed = Arr.groupBy(entriesOf(log, "Fed"), ({ watcher }) => watcher)
  return Arr.dedupe([...begun.keys(), ...Object.keys(fed)]).flatMap((watcher) => {
    const from = begun.get(watcher)
    return checkFeed(
      stored,
      watcher,
      fed[watcher] ?? [],
      from === undefined ? { number: 0, offset: 0 } : fromFeedPosition(from),
      settled
    )
  })
}

/**
 * The stored data that feeds are compared with.
 */
interface Stored {
  readonly sessionId: SessionId
  readonly byNumber: ReadonlyMap<number, SessionEvent>
  readonly last: number
  /** The text of each completed turn. The full text of other turns is unknown. */
  readonly replies: ReadonlyMap<TurnId, string>
}

const toStored = ({ events, messages, session, turns }: StoredHistory): Stored => {
  const completed = new Set(turns.filter(({ status }) => status === "completed").map(({ id }) => id))
  const replies = new Map<TurnId, string>()
  for (const { role, text, turnId } of messages) {
    if (turnId !== undefined && role === "assistant" && completed.has(turnId)) {
      replies.set(turnId, (replies.get(turnId) ?? "") + text)
    }
  }
  return {
    sessionId: session.id,
    byNumber: new Map(events.map((event) => [event.number, event])),
    last: events.at(-1)?.number ?? 0,
    replies
  }
}

const checkFeed = (
  { byNumber, last, replies, sessionId }: Stored,
  watcher: string,
  fed: ReadonlyArray<EntryOf<"Fed">>,
  from: FeedPlace,
  settled: boolean
): ReadonlyArray<BrokenPromise> => {
  const found: Array<BrokenPromise> = []
  const report = (rule: BrokenPromise["rule"], detail: string) => {
    found.push(broken(rule, sessionId, `watcher ${watcher}: ${detail}`))
  }
  let { number: seen, offset } = from

  for (const { event } of fed) {
    if (event._tag === "TurnDelta") {
      if (event.offset > offset) report("FeedGap", `turn ${event.turnId} lacks text from ${offset} to ${event.offset}`)
      if (event.offset < offset) report("FeedRepeat", `turn ${event.turnId} repeats text from ${event.offset}`)
      if (!isPieceOf(replies.get(event.turnId), event)) report("DeltasDiffer", `turn ${event.turnId}`)
      offset = event.offset + event.text.length
      continue
    }
    if (event.number <= seen) report("FeedRepeat", `event ${event.number} comes after ${seen}`)
    const missing = between(seen, event.number).filter((number) => byNumber.has(number))
    if (missing.length > 0) report("FeedGap", `events ${missing.join(", ")} are missing`)
    if (!isStored(byNumber.get(event.number), event)) report("FeedDiffers", `event ${event.number}`)
    if (event._tag === "TurnStarted") offset = 0
    seen = Math.max(seen, event.number)
  }
  if (settled && last > seen) report("FeedGap", `events ${seen + 1} to ${last} never came`)
  return found
}

/** The numbers between two others, exclusive. */
const between = (low: number, high: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(0, high - low - 1) }, (_, index) => low + 1 + index)

const isPieceOf = (reply: string | undefined, { offset, text }: TurnDelta): boolean =>
  reply === undefined || reply.slice(offset, offset + text.length) === text

const encode = Schema.encodeSync(SessionEvent)

/** A store keeps neither the deletion of a session nor cleared messages. */
const isStored = (stored: SessionEvent | undefined, event: SessionEvent): boolean =>
  stored === undefined
    ? event._tag === "SessionDeleted" || event._tag === "MessageSent" || event._tag === "MessageReceived"
    : JSON.stringify(encode(stored)) === JSON.stringify(encode(event))
