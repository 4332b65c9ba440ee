import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ContextPatch } from "../domain/ContextPatch.js"
import type { ChangeError } from "../domain/error/ChangeError.js"
import type { SlowConsumer } from "../domain/error/SlowConsumer.js"
import type { TurnError } from "../domain/error/TurnError.js"
import type { Message } from "../domain/Message.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionId } from "../domain/SessionId.js"
import type { StopOutcome, StopTurn } from "../domain/StopTurn.js"
import type { Prompt } from "../domain/Turn.js"
import type { TurnEvent } from "../domain/TurnEvent.js"

/**
 * Where actors live: brings each change of a session to the one actor that may make it, and starts that actor if need be.
 */
export class SessionHost extends Context.Tag("langswarm-session/services/SessionHost")<SessionHost, {
  /** Answers once the reply is stored. Interrupting it leaves the turn alone. */
  readonly send: (id: SessionId, prompt: Prompt) => Effect.Effect<Message, ChangeError | TurnError>

  /** The same, seen as it happens. Ending the stream leaves the turn alone. */
  readonly stream: (
    id: SessionId,
    prompt: Prompt
  ) => Stream.Stream<TurnEvent, ChangeError | SlowConsumer | TurnError>

  /** Ends a turn that runs or waits, and answers once that is stored. */
  readonly stop: (id: SessionId, stop: StopTurn) => Effect.Effect<StopOutcome, ChangeError>

  /** Adds a message of the application's. It makes no turn; the provider sees it from the next turn on. */
  readonly sendSystem: (id: SessionId, prompt: Prompt) => Effect.Effect<Message, ChangeError | TurnError>

  readonly updateContext: (id: SessionId, patch: ContextPatch) => Effect.Effect<SessionContext, ChangeError>
  readonly clear: (id: SessionId) => Effect.Effect<void, ChangeError>
  readonly archive: (id: SessionId) => Effect.Effect<void, ChangeError>
  readonly delete: (id: SessionId) => Effect.Effect<void, ChangeError>

  /** How many sessions have an actor now, and how many of their turns are not ended. */
  readonly load: Effect.Effect<{ readonly activeSessions: number; readonly openTurns: number }>
}>() {}
