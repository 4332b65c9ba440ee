import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import { TurnInterrupted } from "../../../domain/error/TurnInterrupted.js"
import type { MiddlewareSkipped } from "../../../domain/MiddlewareSkipped.js"
import type { ProviderCursor } from "../../../domain/ProviderCursor.js"
import type { MiddlewareContext } from "../../Middleware.js"
import type { ProviderRequest } from "../../ProviderRequest.js"
import type { Reply } from "../../Reply.js"
import type { TurnMiddleware } from "../../TurnMiddleware.js"
import { outsideOfSpans } from "../outsideOfSpans.js"
import { Asked } from "../provider/Asked.js"
import { type Asking, askProviders } from "../provider/askProviders.js"
import { isEmpty } from "../provider/isEmpty.js"
import type { Conversations } from "../provider/makeConversations.js"
import type { ProviderServices } from "../provider/ProviderServices.js"
import type { Target } from "../provider/Target.js"

/**
 * What came of the provider calls of a turn. With an error, `reply` is the part that had arrived, if there is one to keep.
 */
export type TurnAnswer =
  | { readonly error: undefined; readonly reply: Reply }
  | { readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * How the provider calls of a turn ended.
 */
export type TurnOutcome = TurnAnswer & { readonly asked: Asked; readonly processingTimeMs: number }

interface TurnCall {
  readonly request: Omit<ProviderRequest, "hold">
  readonly context: MiddlewareContext
  readonly middleware: TurnMiddleware
  readonly targets: ReadonlyArray<Target>
  readonly conversations: Conversations
  readonly services: ProviderServices
  /** The copy of the conversation that a provider has. */
  readonly cursor: ProviderCursor | undefined
  readonly mayRepeat: boolean
  readonly deadline: DateTime.Utc
  /** Makes the intent to call durable, and is interrupted if there is to be no call. */
  readonly intend: Effect.Effect<void>
  /** The same for each further call, with what became of the last one. */
  readonly again: (target: Target, asked: Asked) => Effect.Effect<void>
  readonly emit: (text: string) => void
  /** Stores what has been emitted, from time to time. */
  readonly checkpoint: Effect.Effect<void>
  /** Called once, at the end. */
  readonly report: (outcome: TurnOutcome) => void
}

/**
 * Asks for one reply, with the middleware on both sides. Never fails and never dies: whatever happens, interruption
 * included, is an outcome to be reported and stored.
 */
export const runTurn = (turn: TurnCall): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { context, emit, intend, middleware, report, request } = turn
      const { sessionId, turnId } = request
      const asked = new Asked()
      const { mayStream } = middleware
      const onSkip = (skipped: MiddlewareSkipped) => asked.notice(skipped)
      const startedAt = yield* Clock.currentTimeNanos

      const call = Effect.gen(function*() {
        const shown = yield* middleware.turn(request, context, onSkip)
        yield* intend
        return yield* askProviders(askingOf(turn, shown, asked), asked)
      })

      const called = yield* Effect.exit(restore(call))
      // Not every clock only ever goes forward.
      const processingTimeMs = Math.max(0, Number((yield* Clock.currentTimeNanos) - startedAt) / 1e6)

      // Nothing is stored or shown before reply middleware has seen it, and what was cut is no exception.
      const arrived = Exit.getOrElse(called, () => asked.fold.reply("cut"))
      const reviewed = isEmpty(arrived)
        ? Exit.succeed(undefined)
        : yield* Effect.exit(middleware.reply(arrived, context, onSkip))
      const reply = Exit.getOrElse(reviewed, () => undefined)
      const failed = Exit.zipLeft(called, reviewed)
      if (reply && Exit.isSuccess(failed)) {
        if (!mayStream) emitText(reply, emit)
        return report({ asked, reply, error: undefined, processingTimeMs })
      }
      const cause = Exit.isFailure(failed) ? failed.cause : Cause.empty
      const error = yield* Either.match(Cause.failureOrCause(cause), {
        onLeft: (error) => Effect.succeed<TurnError>(error),
        onRight: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.succeed(new TurnInterrupted({ sessionId, turnId }))
            : Effect.as(
              outsideOfSpans(Effect.logError("A provider or middleware has a defect", cause)),
              new ProviderProtocol({
                sessionId,
                provider: asked.target?.provider ?? context.session.provider,
                reason: "it failed unexpectedly"
              })
            )
      })
      return report({ asked, reply, error, processingTimeMs })
    })
  )

/** A provider that holds the conversation must be told all that is stored, as it is stored: so there may be no middleware in between. */
const askingOf = (turn: TurnCall, shown: TurnCall["request"], asked: Asked): Asking => {
  const { again, cursor, emit, middleware: { hasTurnStage, mayStream } } = turn
  return {
    ...turn,
    request: shown,
    hold: mayStream && !hasTurnStage ? { cursor } : undefined,
    show: mayStream ? emit : undefined,
    again: (target) => again(target, asked)
  }
}

const emitText = (reply: Reply, emit: (text: string) => void): void => {
  for (const part of reply.parts) if (part._tag === "Text") emit(part.text)
}
