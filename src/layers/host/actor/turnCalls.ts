import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { ProviderProtocol } from "../../../domain/error/ProviderError.js"
import type { ChangeError } from "../../../domain/error/SessionError.js"
import { type TurnError, TurnInterrupted } from "../../../domain/error/TurnError.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { MiddlewareSkipped, Turn } from "../../../domain/Turn.js"
import {
  type CallPlan,
  callWithFallbacks,
  type ProviderServices
} from "../../../services/internal/calls/callWithFallbacks.js"
import { contextWindow } from "../../../services/internal/calls/contextWindow.js"
import { type Conversations, makeConversations } from "../../../services/internal/calls/conversations.js"
import { CallProgress, isEmpty } from "../../../services/internal/calls/foldReply.js"
import { type Target, targetsOf } from "../../../services/internal/calls/targets.js"
import { withoutSpanEvents } from "../../../services/internal/Instrumentation.js"
import type { MiddlewareContext, TurnMiddleware } from "../../../services/Middleware.js"
import type { ProviderRequest, Reply } from "../../../services/Provider.js"
import type { ActorCore, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import type { RunningTurn } from "./OpenTurn.js"
import type { SessionState } from "./SessionState.js"
import { callAgain } from "./turnSteps.js"

/**
 * What came of the provider calls of a turn. With an error, `reply` is the part that had arrived, if there is one to keep.
 */
export type TurnAnswer =
  | { readonly error: undefined; readonly reply: Reply }
  | { readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * How the provider calls of a turn ended.
 */
export type TurnOutcome = TurnAnswer & { readonly asked: CallProgress; readonly processingTimeMs: number }

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
  readonly again: (target: Target, asked: CallProgress) => Effect.Effect<void>
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
      const asked = new CallProgress()
      const { mayStream } = middleware
      const onSkip = (skipped: MiddlewareSkipped) => asked.notice(skipped)
      const startedAt = yield* Clock.currentTimeNanos

      const call = Effect.gen(function*() {
        const shown = yield* middleware.turn(request, context, onSkip)
        yield* intend
        return yield* callWithFallbacks(askingOf(turn, shown, asked), asked)
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
              withoutSpanEvents(Effect.logError("A provider or middleware has a defect", cause)),
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
const askingOf = (turn: TurnCall, shown: TurnCall["request"], asked: CallProgress): CallPlan => {
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

/**
 * Who runs the turn that providers are called for.
 */
interface TurnOwner {
  readonly isRunning: (current: RunningTurn) => boolean
  readonly finish: (current: RunningTurn, outcome: TurnOutcome) => Effect.Effect<void, PersistFailure>
  readonly abandon: (current: RunningTurn, reason: ChangeError) => void
}

/**
 * Has providers called for the running turn, beside the mailbox, and shows and saves what they say meanwhile.
 */
export const makeTurnCalls = (core: ActorCore, services: ActorServices, owner: TurnOwner) => {
  const { feed, limits, providers } = services
  const { checkpointEvery, historyTokens, historyWindow } = limits
  const conversations = makeConversations(providers, core.id)

  const begin = (current: RunningTurn, { context, session, window }: SessionState, intend: Effect.Effect<void>) => {
    const { historyMessages = historyWindow, historyTokens: tokens = historyTokens } = session.config
    const messages = contextWindow(window, { messages: historyMessages, tokens: Math.min(tokens, historyTokens) })
    current.saidBefore = current.open.text.length
    const { withSpan } = current.open.trace
    const run = runTurn({
      request: { sessionId: session.id, turnId: current.open.turn.id, messages, context },
      context: { session, context, turnId: current.open.turn.id },
      middleware: current.middleware,
      targets: targetsOf(session).slice(current.place),
      conversations,
      services: services.provider,
      cursor: session.cursor,
      mayRepeat: current.open.turn.onUnknown === "retry",
      deadline: current.deadline,
      intend,
      again: (target, asked) => again(current, target, asked),
      emit: (text) => say(current, text),
      checkpoint: checkpoint(current),
      // The outcome comes back through the mailbox: only the actor itself changes the session.
      report: (outcome) =>
        core.tell({
          run: withSpan(owner.finish(current, outcome)),
          abandon: (reason) => owner.abandon(current, reason)
        })
    })
    current.fiber = services.forkTurn(withSpan(run))
  }

  const again = (current: RunningTurn, target: Target, asked: CallProgress) => {
    const intend = Effect.gen(function*() {
      if (current.stopRequest) return yield* Effect.fail(current.stopRequest.error)
      const at = yield* DateTime.now
      const { turn, ...intent } = callAgain(core.state(), current.open.turn, target, asked.take(), at)
      yield* core.persist(intent)
      current.open.turn = turn
    })
    return Effect.catchAll(core.ask(intend), () => Effect.interrupt)
  }

  const say = ({ joined, open }: RunningTurn, text: string) => {
    const offset = open.text.length
    open.say(text)
    for (const other of joined) other.say(text)
    feed.publish(core.id, [{ _tag: "TurnDelta", turnId: open.turn.id, offset, text }])
  }

  const checkpoint = (current: RunningTurn) =>
    Effect.sync(() => {
      const save = Effect.sync(() =>
        core.tell({ run: current.open.trace.withSpan(saveDraft(current)), abandon: () => {} })
      )
      current.checkpoint ??= services.forkTimer(Effect.delay(save, checkpointEvery))
    })

  const saveDraft = (current: RunningTurn) =>
    Effect.suspend(() => {
      current.checkpoint = undefined
      const { open, saidBefore } = current
      const turn: Turn = { ...open.turn, draft: open.text.slice(saidBefore) }
      if (!owner.isRunning(current) || turn.draft === open.turn.draft) return Effect.void
      return Effect.map(core.persist({ changes: { turns: [turn] }, next: core.state() }), () => {
        open.turn = turn
      })
    })

  return { begin, close: conversations.close }
}
