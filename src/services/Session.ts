import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type {
  AccessError,
  ChangeError,
  MessageNotFound,
  SendError,
  SessionNotFound,
  SlowConsumer,
  TurnNotFound
} from "../domain/error/SessionError.js"
import type { FeedEvent, TurnEvent, WatchSession } from "../domain/Events.js"
import type { SessionId } from "../domain/Ids.js"
import type { Message, MessageContent, MessageQuery } from "../domain/Message.js"
import type { Page } from "../domain/Page.js"
import type { EditOutcome, EditTurn, SendMessage, StopOutcome, StopTurn, TurnReceipt } from "../domain/Send.js"
import type { ConfigureSession, ForkSession, RewindSession, SessionInfo } from "../domain/Session.js"
import type { ContextPatch, SessionContext } from "../domain/SessionContext.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { SessionExport } from "../domain/Transfer.js"
import type { Turn } from "../domain/Turn.js"

/**
 * What is said to a session: a text, or parts with metadata and with how they are to be answered.
 */
export type SendInput = string | typeof SendMessage.Encoded

/**
 * A handle to one session. A cheap value: it holds an id and no resource, and stays good across restarts.
 */
export interface Session {
  readonly id: SessionId

  readonly info: Effect.Effect<SessionInfo, SessionNotFound | AccessError>

  /**
   * Says something and waits for the reply. Sends are answered one after the other, in the order they came, unless
   * `whenBusy` says otherwise. Interrupting it does not stop the turn, unless it was sent with `stopOnDisconnect`.
   */
  readonly send: (input: SendInput) => Effect.Effect<Message, SendError>

  /**
   * The same, as it happens. A turn that fails fails the stream; a reader that falls too far behind gets `SlowConsumer`.
   * In both cases, and when the stream is left early, the same send with the same `key` shows the rest.
   */
  readonly stream: (input: SendInput) => Stream.Stream<TurnEvent, SendError | SlowConsumer>

  /** Says something and waits only until it is stored: the reply comes whatever happens, and `watch` shows it. */
  readonly submit: (input: SendInput) => Effect.Effect<TurnReceipt, SendError>

  /**
   * Everything that happens in the session, from the beginning or from a position on: what was missed is replayed, the reply
   * under way included, and then it goes on live, without a gap and without a repeat. It ends when the session is deleted.
   * A watcher that falls too far behind gets `SlowConsumer` and can come back with its last position. Leaving it changes
   * nothing.
   */
  readonly watch: (watch?: typeof WatchSession.Encoded) => Stream.Stream<FeedEvent, ChangeError | SlowConsumer>

  /** The turns that wait, in order, with what they will ask. `stop` drops one. */
  readonly pending: Effect.Effect<ReadonlyArray<Turn>, ChangeError>

  /** Changes what a turn that waits will ask. */
  readonly edit: (edit: typeof EditTurn.Encoded) => Effect.Effect<EditOutcome, SendError>

  /**
   * Ends the turn that runs, or the one that is named, whether it runs or waits. The provider call is closed at once, and
   * who waits for the reply gets `TurnStopped`. Stopping again, or too late, is no error: the outcome says so. A turn is only
   * ever stopped by this: leaving a stream or losing a connection does not.
   */
  readonly stop: (stop?: typeof StopTurn.Encoded) => Effect.Effect<StopOutcome, ChangeError>

  /** Adds a message with the role `system`. Providers see it from the next turn on. */
  readonly sendSystem: (input: string | typeof MessageContent.Encoded) => Effect.Effect<Message, SendError>

  /** A page of the history. */
  readonly messages: (
    query?: typeof MessageQuery.Encoded
  ) => Effect.Effect<Page<Message>, SessionNotFound | AccessError>

  readonly message: (messageId: string) => Effect.Effect<Message, MessageNotFound | SessionNotFound | AccessError>

  /** The latest 50 turns, the last one first. */
  readonly turns: Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | AccessError>

  /** One turn, such as a `submit` has made: how it stands, or how it ended. */
  readonly turn: (turnId: string) => Effect.Effect<Turn, TurnNotFound | SessionNotFound | AccessError>

  /** Removes all messages. Metrics and context stay. */
  readonly clear: Effect.Effect<void, ChangeError>

  readonly context: Effect.Effect<SessionContext, SessionNotFound | AccessError>

  /** Applies a JSON Merge Patch (RFC 7396) to each scope that is named, and answers the new version. */
  readonly updateContext: (patch: typeof ContextPatch.Encoded) => Effect.Effect<SessionContext, ChangeError>

  /**
   * Changes the provider, the model, what the provider is told beside the history, or the fallbacks, once the turns accepted
   * before have ended. The conversation goes on: what the new provider does not take is left out of what it is shown, which
   * the feed says. Fails with `ConfigurationError`, and changes nothing, when a provider is not registered or does not take
   * its configuration.
   */
  readonly configure: (
    changes: typeof ConfigureSession.Encoded
  ) => Effect.Effect<SessionInfo, ChangeError | ConfigurationError>

  readonly metrics: Effect.Effect<SessionMetrics, SessionNotFound | AccessError>

  /**
   * Starts another session that shares this one's history up to a message, the latest unless told, and has the context as it
   * was then. Neither sees what happens to the other from then on.
   */
  readonly fork: (
    fork?: typeof ForkSession.Encoded
  ) => Effect.Effect<Session, ChangeError | ConfigurationError | MessageNotFound>

  /**
   * Takes the messages after one out of the history, once the turns accepted before have ended, and restores the context as
   * it was then, as a new version. What was rewound can still be read, with `messages({ rewound: true })`. Tool calls that
   * it leaves unanswered are closed.
   */
  readonly rewind: (rewind: typeof RewindSession.Encoded) => Effect.Effect<void, ChangeError | MessageNotFound>

  /** Makes the session read-only: its messages and its context. Turns that were accepted before are still answered. */
  readonly archive: Effect.Effect<void, ChangeError>

  /** Lets an archived session, or one that failed too often, take messages again. */
  readonly reactivate: Effect.Effect<void, ChangeError>

  /** Removes the session and all that belongs to it. A running turn is interrupted. */
  readonly delete: Effect.Effect<void, ChangeError>

  /** The whole session as one document. */
  readonly export: Effect.Effect<SessionExport, SessionNotFound | AccessError>
}

/**
 * Uses a session, and archives it when that fails or dies, so that nobody goes on with it; the failure goes on as it is.
 * An interruption says nothing of the session and leaves it as it is. A session that cannot be archived is logged.
 */
export const withSession = <A, E, R>(
  session: Session,
  use: (session: Session) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.tapErrorCause(Effect.suspend(() => use(session)), (cause) =>
    Cause.isInterrupted(cause)
      ? Effect.void
      : Effect.catchAllCause(session.archive, (cause) =>
        Effect.annotateLogs(Effect.logWarning("A session that failed could not be archived", cause), {
          sessionId: session.id
        })))
