import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ContextPatch } from "../domain/ContextPatch.js"
import type { AccessError } from "../domain/error/AccessError.js"
import type { ChangeError } from "../domain/error/ChangeError.js"
import type { MessageNotFound } from "../domain/error/MessageNotFound.js"
import type { SessionNotFound } from "../domain/error/SessionNotFound.js"
import type { SlowConsumer } from "../domain/error/SlowConsumer.js"
import type { TurnError } from "../domain/error/TurnError.js"
import type { Message } from "../domain/Message.js"
import type { MessageQuery } from "../domain/MessageQuery.js"
import type { Page } from "../domain/Page.js"
import type { SendMessage } from "../domain/SendMessage.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionExport } from "../domain/SessionExport.js"
import type { SessionId } from "../domain/SessionId.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { StopOutcome, StopTurn } from "../domain/StopTurn.js"
import type { Turn } from "../domain/Turn.js"
import type { TurnEvent } from "../domain/TurnEvent.js"

/**
 * What is said to a session: a text, or parts with metadata.
 */
export type SendInput = string | typeof SendMessage.Encoded

/**
 * A handle to one session. A cheap value: it holds an id and no resource, and stays good across restarts.
 */
export interface Session {
  readonly id: SessionId

  readonly info: Effect.Effect<SessionInfo, SessionNotFound | AccessError>

  /**
   * Says something and waits for the reply. Sends are answered one after the other, in the order they came. Interrupting
   * it does not stop the turn.
   */
  readonly send: (input: SendInput) => Effect.Effect<Message, ChangeError | TurnError>

  /**
   * The same, as it happens. A turn that fails fails the stream; a reader that falls too far behind gets `SlowConsumer`.
   * In both cases, and when the stream is left early, the history tells how the turn ended.
   */
  readonly stream: (input: SendInput) => Stream.Stream<TurnEvent, ChangeError | SlowConsumer | TurnError>

  /**
   * Ends the turn that runs, or the one that is named, whether it runs or waits. The provider call is closed at once, and
   * who waits for the reply gets `TurnStopped`. Stopping again, or too late, is no error: the outcome says so. A turn is only
   * ever stopped by this: leaving a stream or losing a connection does not.
   */
  readonly stop: (stop?: typeof StopTurn.Encoded) => Effect.Effect<StopOutcome, ChangeError>

  /** Adds a message with the role `system`. Providers see it from the next turn on. */
  readonly sendSystem: (input: SendInput) => Effect.Effect<Message, ChangeError | TurnError>

  /** A page of the history. */
  readonly messages: (
    query?: typeof MessageQuery.Encoded
  ) => Effect.Effect<Page<Message>, SessionNotFound | AccessError>

  readonly message: (messageId: string) => Effect.Effect<Message, MessageNotFound | SessionNotFound | AccessError>

  /** The latest 50 turns, the last one first. */
  readonly turns: Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | AccessError>

  /** Removes all messages. Metrics and context stay. */
  readonly clear: Effect.Effect<void, ChangeError>

  readonly context: Effect.Effect<SessionContext, SessionNotFound | AccessError>

  /** Applies a JSON Merge Patch (RFC 7396) to each scope that is named, and answers the new version. */
  readonly updateContext: (patch: typeof ContextPatch.Encoded) => Effect.Effect<SessionContext, ChangeError>

  readonly metrics: Effect.Effect<SessionMetrics, SessionNotFound | AccessError>

  /** Makes the session read-only. Turns that were accepted before are still answered. */
  readonly archive: Effect.Effect<void, ChangeError>

  /** Removes the session and all that belongs to it. A running turn is interrupted. */
  readonly delete: Effect.Effect<void, ChangeError>

  /** The whole session as one document. */
  readonly export: Effect.Effect<SessionExport, SessionNotFound | AccessError>
}
