import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { ProviderProtocol } from "../../../domain/error/ProviderError.js"
import { type TurnError, TurnInterrupted } from "../../../domain/error/TurnError.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { MiddlewareSkipped } from "../../../domain/Turn.js"
import {
  type CallPlan,
  callWithFallbacks,
  type ProviderServices
} from "../../../services/internal/calls/callWithFallbacks.js"
import type { Conversations } from "../../../services/internal/calls/conversations.js"
import { CallProgress, isEmpty } from "../../../services/internal/calls/foldReply.js"
import type { Target } from "../../../services/internal/calls/targets.js"
import { withoutSpanEvents } from "../../../services/internal/Instrumentation.js"
import type { MiddlewareContext, TurnMiddleware } from "../../../services/Middleware.js"
import type { ProviderRequest, Reply } from "../../../services/Provider.js"

/**
 * Calls providers for one reply, with turn middleware before and reply middleware after. Never fails and never dies:
 * every end, interruption included, is reported as an outcome to store.
 */
export const runTurn = (turn: TurnCall): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { context, emit, intend, middleware, report, request } = turn
      const { sessionId, turnId } = request
      const progress = new CallProgress()
      const { mayStream } = middleware
      const onSkip = (skipped: MiddlewareSkipped) => progress.notice(skipped)
      const startedAt = yield* Clock.currentTimeNanos

      const call = Effect.gen(function*() {
        const filtered = yield* middleware.turn(request, context, onSkip)
        yield* intend
        return yield* callWithFallbacks(toCallPlan(turn, filtered, progress), progress)
      })

      const called = yield* Effect.exit(restore(call))
      // Some clocks can go backwards.
      const processingTimeMs = Math.max(0, Number((yield* Clock.currentTimeNanos) - startedAt) / 1e6)

      // Nothing is stored or shown before reply middleware has checked it, cut replies included.
      const received = Exit.getOrElse(called, () => progress.fold.reply("cut"))
      const reviewed = isEmpty(received)
        ? Exit.succeed(undefined)
        : yield* Effect.exit(middleware.reply(received, context, onSkip))
      const reply = Exit.getOrElse(reviewed, () => undefined)
      const result = Exit.zipLeft(called, reviewed)
      if (reply && Exit.isSuccess(result)) {
        if (!mayStream) emitText(reply, emit)
        return report({ progress, reply, error: undefined, processingTimeMs })
      }
      const cause = Exit.isFailure(result) ? result.cause : Cause.empty
      const error = yield* Either.match(Cause.failureOrCause(cause), {
        onLeft: (error) => Effect.succeed<TurnError>(error),
        onRight: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.succeed(new TurnInterrupted({ sessionId, turnId }))
            : Effect.as(
              withoutSpanEvents(Effect.logError("A provider or middleware failed with a defect", cause)).pipe(
                Effect.annotateLogs({ sessionId, turnId })
              ),
              new ProviderProtocol({
                sessionId,
                provider: progress.target?.provider ?? context.session.provider,
                reason: "it failed unexpectedly"
              })
            )
      })
      return report({ progress, reply, error, processingTimeMs })
    })
  )

/**
 * The provider calls of a turn, and what surrounds them.
 */
interface TurnCall {
  readonly request: Omit<ProviderRequest, "hold">
  readonly context: MiddlewareContext
  readonly middleware: TurnMiddleware
  readonly targets: ReadonlyArray<Target>
  readonly conversations: Conversations
  readonly services: ProviderServices
  /** The provider's copy of the conversation. */
  readonly cursor: ProviderCursor | undefined
  readonly mayRepeat: boolean
  readonly deadline: DateTime.Utc
  /** Number of the current call within the turn. */
  readonly attempt: () => number
  /** Stores the intent to call. Interrupts if there should be no call. */
  readonly intend: Effect.Effect<void>
  /** The same for each further call, together with the record of the last one. */
  readonly intendAgain: (target: Target, progress: CallProgress) => Effect.Effect<void>
  readonly emit: (text: string) => void
  /** Schedules the storing of what was emitted. */
  readonly checkpoint: Effect.Effect<void>
  /** Called once, last. */
  readonly report: (outcome: TurnOutcome) => void
}

/**
 * How the provider calls of a turn ended.
 */
export type TurnOutcome = TurnAnswer & { readonly progress: CallProgress; readonly processingTimeMs: number }

/**
 * The reply; or an error, with the partial reply if there is one to keep.
 */
export type TurnAnswer =
  | { readonly error: undefined; readonly reply: Reply }
  | { readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * A provider may hold the conversation only if it sees exactly what is stored, so only without middleware in between.
 */
const toCallPlan = (turn: TurnCall, filtered: TurnCall["request"], progress: CallProgress): CallPlan => {
  const { cursor, emit, intendAgain, middleware: { hasTurnStage, mayStream } } = turn
  return {
    ...turn,
    request: filtered,
    hold: mayStream && !hasTurnStage ? { cursor } : undefined,
    show: mayStream ? emit : undefined,
    intendAgain: (target) => intendAgain(target, progress)
  }
}

const emitText = (reply: Reply, emit: (text: string) => void): void => {
  for (const part of reply.parts) if (part._tag === "Text") emit(part.text)
}
