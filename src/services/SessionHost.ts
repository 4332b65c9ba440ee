import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { ChangeError, MessageNotFound, SendError, SlowConsumer } from "../domain/error/SessionError.js"
import type { FeedEvent, TurnEvent, WatchSession } from "../domain/Events.js"
import type { SessionId } from "../domain/Ids.js"
import type { Message, MessageContent } from "../domain/Message.js"
import type { EditOutcome, EditTurn, SendMessage, StopOutcome, StopTurn, TurnReceipt } from "../domain/Send.js"
import type { ConfigureSession, RewindSession, SessionInfo } from "../domain/Session.js"
import type { ContextPatch, SessionContext } from "../domain/SessionContext.js"
import type { Turn } from "../domain/Turn.js"
import type { ErasedSession, ExpiringSession } from "./SessionStore.js"

/**
 * Where actors live: brings each change of a session to the one actor that may make it, and starts that actor if need be.
 */
export class SessionHost extends Context.Tag("langswarm-session/services/SessionHost")<SessionHost, {
  /** Answers once the turn is accepted. */
  readonly submit: (id: SessionId, message: SendMessage) => Effect.Effect<TurnReceipt, SendError>

  /** Answers once the reply is stored. Interrupting it leaves the turn alone, unless it has `stopOnDisconnect`. */
  readonly send: (id: SessionId, message: SendMessage) => Effect.Effect<Message, SendError>

  /** The same, seen as it happens. Ending the stream leaves the turn alone, unless it has `stopOnDisconnect`. */
  readonly stream: (id: SessionId, message: SendMessage) => Stream.Stream<TurnEvent, SendError | SlowConsumer>

  /** What has happened since a position, and then what happens. Ends when the session is deleted. */
  readonly watch: (id: SessionId, watch: WatchSession) => Stream.Stream<FeedEvent, ChangeError | SlowConsumer>

  /** Turns that wait, in order. */
  readonly pending: (id: SessionId) => Effect.Effect<ReadonlyArray<Turn>, ChangeError>

  readonly edit: (id: SessionId, edit: EditTurn) => Effect.Effect<EditOutcome, SendError>

  /** Ends a turn that runs or waits, and answers once that is stored. */
  readonly stop: (id: SessionId, stop: StopTurn) => Effect.Effect<StopOutcome, ChangeError>

  /** Adds a message of the application's. It makes no turn; the provider sees it from the next turn on. */
  readonly sendSystem: (id: SessionId, content: MessageContent) => Effect.Effect<Message, SendError>

  readonly updateContext: (id: SessionId, patch: ContextPatch) => Effect.Effect<SessionContext, ChangeError>
  /** How the session is answered once the turns accepted before have ended. */
  readonly configure: (
    id: SessionId,
    changes: ConfigureSession
  ) => Effect.Effect<SessionInfo, ChangeError | ConfigurationError>
  readonly clear: (id: SessionId) => Effect.Effect<void, ChangeError>
  readonly rewind: (id: SessionId, rewind: RewindSession) => Effect.Effect<void, ChangeError | MessageNotFound>
  readonly archive: (id: SessionId) => Effect.Effect<void, ChangeError>
  readonly reactivate: (id: SessionId) => Effect.Effect<void, ChangeError>
  readonly delete: (id: SessionId) => Effect.Effect<void, ChangeError>

  /** Has hooks told of a session that has just been stored, and returns at once. */
  readonly activate: (id: SessionId) => Effect.Effect<void>
  /** Deletes a session, one that failed too often too, and answers what went with it. */
  readonly erase: (id: SessionId) => Effect.Effect<ErasedSession, ChangeError>

  /** Archives or deletes a session, unless it was active at this moment or later. Answers whether it did. */
  readonly expire: (
    id: SessionId,
    action: ExpiringSession["action"],
    before: DateTime.Utc
  ) => Effect.Effect<boolean, ChangeError>

  /** How many sessions have an actor now, and how many of their turns are not ended. */
  readonly stats: Effect.Effect<{ readonly activeSessions: number; readonly openTurns: number }>
}>() {}
