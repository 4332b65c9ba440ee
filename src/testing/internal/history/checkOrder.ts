import * as Arr from "effect/Array"
import type { TurnId } from "../../../domain/Ids.js"
import { broken, type BrokenPromise, type StoredHistory } from "./log.js"

/**
 * Checks that messages, turns and events are numbered without gaps, and that the messages of each turn are adjacent and in the order
 * of the turns.
 */
export const checkOrder = ({ events, messages, session, turns }: StoredHistory): ReadonlyArray<BrokenPromise> => {
  const wasCleared = events.some(({ _tag }) => _tag === "MessagesCleared")
  const report = (rule: BrokenPromise["rule"], details: ReadonlyArray<string>) =>
    details.map((detail) => broken(rule, session.id, detail))

  return [
    // Clearing removes messages with their events, so numbers can start anywhere.
    ...report("SeqNotDense", jumps(messages.map(({ seq }) => seq), wasCleared ? undefined : 1)),
    ...report("OrdinalNotDense", jumps(turns.map(({ ordinal }) => ordinal), 1)),
    ...(wasCleared
      ? report("EventsNotDense", repeats(events.map(({ number }) => number)))
      : report("EventsNotDense", jumps(events.map(({ number }) => number), 1))),
    ...report("TurnsInterleaved", interleaved(groupsOf({ messages, turns }))),
    ...report("TurnsOutOfOrder", outOfOrder(turns))
  ]
}

/** Where numbers do not increase by one from `first`, or from their own first. */
const jumps = (numbers: ReadonlyArray<number>, first: number | undefined): ReadonlyArray<string> => {
  let expected = first ?? numbers[0] ?? 1
  return numbers.flatMap((number) => {
    const detail = number === expected ? [] : [`expected ${expected} (got ${number})`]
    expected = number + 1
    return detail
  })
}

const repeats = (numbers: ReadonlyArray<number>): ReadonlyArray<string> =>
  Arr.zip(numbers, numbers.slice(1)).flatMap(([earlier, later]) =>
    later > earlier ? [] : [`${later} comes after ${earlier}`]
  )

/** The turn of each run of messages. A turn that joined another counts as that one. */
const groupsOf = ({ messages, turns }: Pick<StoredHistory, "messages" | "turns">): ReadonlyArray<TurnId> => {
  const joined = new Map(turns.map(({ id, joined }) => [id, joined ?? id]))
  return Arr.dedupeAdjacent(
    messages.flatMap(({ turnId }) => (turnId === undefined ? [] : [joined.get(turnId) ?? turnId]))
  )
}

const interleaved = (groups: ReadonlyArray<TurnId>): ReadonlyArray<string> =>
  Arr.dedupe(groups.filter((turnId, index) => groups.indexOf(turnId) < index))
    .map((turnId) => `messages of others stand between those of turn ${turnId}`)

/** Only `queue` and `reject` guarantee the order of acceptance. */
const outOfOrder = (turns: StoredHistory["turns"]): ReadonlyArray<string> => {
  let last = 0
  return turns.flatMap(({ id, promptSeq, whenBusy = "queue" }) => {
    if (promptSeq === undefined || (whenBusy !== "queue" && whenBusy !== "reject")) return []
    const detail = promptSeq > last ? [] : [`turn ${id} asked at ${promptSeq}, before an earlier one at ${last}`]
    last = Math.max(last, promptSeq)
    return detail
  })
}
