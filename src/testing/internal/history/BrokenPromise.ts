import type { SessionId } from "../../../domain/SessionId.js"

/**
 * What can be found broken, and the number of the promise that it breaks.
 */
const promiseOf = {
  /** A session that clients were answered about is not there. */
  SessionMissing: 6,
  /** A turn that was acknowledged is not there, or has another key. */
  TurnMissing: 6,
  /** A reply that was acknowledged is not there. */
  ReplyMissing: 6,
  /** It is there, and says something else. */
  ReplyChanged: 6,
  /** A send that was answered with "nothing was stored" made a turn. */
  RejectedStored: 6,
  /** One key made two turns, or was answered with two. */
  TurnTwice: 7,
  /** A turn has asked twice. */
  QuestionTwice: 7,
  /** Messages lack a `seq`, or share one. */
  SeqNotDense: 2,
  /** Turns lack an `ordinal`, or share one. */
  OrdinalNotDense: 2,
  /** Events lack a `number`, or share one. */
  EventsNotDense: 2,
  /** Messages of one turn stand between those of another. */
  TurnsInterleaved: 3,
  /** Turns that waited in line have asked in another order than they were accepted in. */
  TurnsOutOfOrder: 3,
  /** A turn completed without a reply in the history. */
  CompletedWithoutReply: 8,
  /** A turn ended twice, or in another way than its sender was told. */
  EndChanged: 8,
  /** The provider was called more than once for a turn whose sender did not allow it. */
  CalledTwice: 9,
  /** The provider was called for a turn that does not say so. */
  CalledWithoutIntent: 9,
  /** Everything has come to rest, and a turn has not ended. */
  TurnLeftOpen: 10,
  /** A watcher lacks an event. */
  FeedGap: 19,
  /** A watcher was given an event again, or one before another. */
  FeedRepeat: 19,
  /** A watcher was given another event than is stored. */
  FeedDiffers: 19,
  /** The pieces of a reply that a watcher was given are not the reply. */
  DeltasDiffer: 19
} as const

/**
 * One promise that a history does not keep: `promise` is its number in the list of promises, `detail` tells where, in ids
 * and numbers only.
 */
export interface BrokenPromise {
  readonly rule: keyof typeof promiseOf
  readonly promise: number
  readonly sessionId: SessionId
  readonly detail: string
}

export const broken = (rule: BrokenPromise["rule"], sessionId: SessionId, detail: string): BrokenPromise => ({
  rule,
  promise: promiseOf[rule],
  sessionId,
  detail
})
