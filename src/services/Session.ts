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
 * A message to send: a text, or an object with content, metadata and options of the turn.
 */
export type SendInput = string | typeof SendMessage.Encoded

/**
 * A handle to one session. It is a cheap value: it holds an id and no resources, and stays valid across restarts.
 */
export interface Session {
  readonly id: SessionId

  readonly info: Effect.Effect<SessionInfo, SessionNotFound | AccessError>

  /**
   * Sends a message and waits for the reply. Sends are answered one at a time, in order of arrival, unless `whenBusy` changes
   * that. Interrupting the effect does not stop the turn, unless the message has `stopOnDisconnect`.
   */
  readonly send: (input: SendInput) => Effect.Effect<Message, SendError>

  /**
   * Sends a message and streams the turn's events. The stream fails when the turn fails, and with `SlowConsumer` when the
   * reader falls too far behind. After that, or after leaving the stream early, send the same message with the same `key` to
   * read the rest.
   */
  readonly stream: (input: SendInput) => Stream.Stream<TurnEvent, SendError | SlowConsumer>

  /** Sends a message and waits only until it is stored. The turn then runs by itself; `watch` shows its reply. */
  readonly submit: (input: SendInput) => Effect.Effect<TurnReceipt, SendError>

  /**
   * The session's event feed, from the beginning or from a position. It replays past events, including those of a reply in
   * progress, and continues live, without gaps or repeats. It ends when the session is deleted. A watcher that falls too far
   * behind gets `SlowConsumer`, and can resume from its last position. Leaving the feed does not affect the session.
   */
  readonly watch: (watch?: typeof WatchSession.Encoded) => Stream.Stream<FeedEvent, ChangeError | SlowConsumer>

  /** Waiting turns, in order, with their prompts. Use `stop` to drop one. */
  readonly pending: Effect.Effect<ReadonlyArray<Turn>, ChangeError>

  /** Replaces the prompt of a waiting turn. */
  readonly edit: (edit: typeof EditTurn.Encoded) => Effect.Effect<EditOutcome, SendError>

  /**
   * Stops the running turn, or the given one, running or waiting. The provider call is closed at once, and callers that wait
   * for the reply get `TurnStopped`. Stopping a turn that has already ended is not an error: the outcome reports it. Leaving a
   * stream or losing a connection does not stop a turn.
   */
  readonly stop: (stop?: typeof StopTurn.Encoded) => Effect.Effect<StopOutcome, ChangeError>

  /** Adds a message with the role `system`. The provider sees it from the next turn on. */
  readonly sendSystem: (input: string | typeof MessageContent.Encoded) => Effect.Effect<Message, SendError>

  /** A page of the history. It ends before 24 MiB, so it may hold fewer messages than `limit` and still have a `next`. */
  readonly messages: (
    query?: typeof MessageQuery.Encoded
  ) => Effect.Effect<Page<Message>, SessionNotFound | AccessError>

  readonly message: (messageId: string) => Effect.Effect<Message, MessageNotFound | SessionNotFound | AccessError>

  /** The latest 50 turns, newest first, or fewer when they would take more than 24 MiB. */
  readonly turns: Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | AccessError>

  /** State of one turn, such as one that `submit` has started. */
  readonly turn: (turnId: string) => Effect.Effect<Turn, TurnNotFound | SessionNotFound | AccessError>

  /** Removes all messages. Keeps metrics and context. */
  readonly clear: Effect.Effect<void, ChangeError>

  readonly context: Effect.Effect<SessionContext, SessionNotFound | AccessError>

  /** Applies a JSON Merge Patch (RFC 7396) to each given scope, and returns the new version. */
  readonly updateContext: (patch: typeof ContextPatch.Encoded) => Effect.Effect<SessionContext, ChangeError>

  /**
   * Changes the provider, the model, the provider's configuration, or the fallbacks, once the turns accepted before have
   * ended. The conversation continues: parts that the new provider does not accept are omitted from its requests, and the
   * feed reports it. Fails with `ConfigurationError`, and changes nothing, when a provider is not registered or rejects its
   * configuration.
   */
  readonly configure: (
    changes: typeof ConfigureSession.Encoded
  ) => Effect.Effect<SessionInfo, ChangeError | ConfigurationError>

  readonly metrics: Effect.Effect<SessionMetrics, SessionNotFound | AccessError>

  /**
   * Creates a session that shares this one's history up to a message, with the context as it was then. Default: the latest
   * message. Later changes to either session do not affect the other.
   */
  readonly fork: (
    fork?: typeof ForkSession.Encoded
  ) => Effect.Effect<Session, ChangeError | ConfigurationError | MessageNotFound>

  /**
   * Removes the messages after a given one from the history, once the turns accepted before have ended, and restores the
   * context as it was then, as a new version. `messages({ rewound: true })` still returns the removed messages. Tool calls
   * left without a result are closed.
   */
  readonly rewind: (rewind: typeof RewindSession.Encoded) => Effect.Effect<void, ChangeError | MessageNotFound>

  /** Makes the session's messages and context read-only. Turns accepted before still run. */
  readonly archive: Effect.Effect<void, ChangeError>

  /** Makes an archived session, or one that failed permanently, accept messages again. */
  readonly reactivate: Effect.Effect<void, ChangeError>

  /** Deletes the session and all of its data. A running turn is interrupted. */
  readonly delete: Effect.Effect<void, ChangeError>

  /** The whole session as one document. */
  readonly export: Effect.Effect<SessionExport, SessionNotFound | AccessError>
}

/**
 * Uses a session, and archives it when `use` fails or dies, so that it cannot be continued by mistake. The failure is passed
 * on. An interruption does not archive the session. When archiving fails, a warning is logged.
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
