import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { SessionError } from "../../../domain/error/SessionError.js"
import { isTerminal, type Turn, type TurnStatus } from "../../../domain/Turn.js"
import type { HostLoad, Instrumentation } from "../../../services/internal/Instrumentation.js"
import { MiddlewareRefusal } from "../../../services/Middleware.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { inputMessages, outputMessages, requestAttributes, responseAttributes } from "./genAi.js"
import { measure, measureCall, meters } from "./metrics.js"
import { endFromError, endFromExit, endSpan, inSpan, type SpanEnd } from "./spans.js"

/**
 * A span for each provider call, and metrics of its tokens, cost and duration, even if it is cut short.
 */
export const traceCall = (content: boolean): Instrumentation["call"] => (target, request, progress, call) =>
  inSpan(
    `chat ${target.model}`,
    {
      kind: "client",
      attributes: {
        ...requestAttributes(target, request),
        ...(content && { "gen_ai.input.messages": inputMessages(request.messages) })
      }
    },
    call,
    (_exit, span): Effect.Effect<SpanEnd> => {
      const { attempt, fold, vendor } = progress
      // Interrupted before the call started.
      if (attempt === undefined) return Effect.succeed("stopped")
      const response = {
        ...responseAttributes(attempt, fold, vendor),
        ...(content && { "gen_ai.output.messages": outputMessages(fold) })
      }
      for (const [name, value] of Object.entries(response)) span.attribute(name, value)
      return Effect.as(
        measureCall(attempt, fold, vendor),
        attempt.error === undefined ? "ok" : endFromError(attempt.error)
      )
    }
  )

/**
 * Samples the load of a host at an interval, and sets it to zero when the host stops.
 */
export const sampleHost = (sampleEvery: Duration.DurationInput): Instrumentation["host"] => (load) =>
  Effect.zipRight(
    Effect.addFinalizer(() => record({ activeSessions: 0, openTurns: 0, waitingCommands: 0 })),
    Effect.forkScoped(Effect.repeat(Effect.suspend(() => record(load())), Schedule.spaced(sampleEvery)))
  )

const record = ({ activeSessions, openTurns, waitingCommands }: HostLoad): Effect.Effect<void> =>
  Effect.all([
    Metric.set(meters.activeSessions, activeSessions),
    Metric.set(meters.openTurns, openTurns),
    Metric.set(meters.mailboxDepth, waitingCommands)
  ], { discard: true })

/**
 * A span for each middleware that a message passes. A middleware that timed out was interrupted, so its span ends as stopped.
 */
export const traceMiddleware: Instrumentation["middleware"] = (name, stage, step) =>
  inSpan(
    `middleware ${name}`,
    { attributes: { "langswarm.middleware.name": name, "langswarm.middleware.stage": stage } },
    step,
    (exit) => Effect.succeed(middlewareEnd(exit))
  )

const middlewareEnd = (exit: Exit.Exit<unknown, unknown>): SpanEnd => {
  if (Exit.isSuccess(exit)) return "ok"
  if (Cause.isInterruptedOnly(exit.cause)) return "stopped"
  const isRefusal = Option.exists(Cause.failureOption(exit.cause), (error) => error instanceof MiddlewareRefusal)
  return { error: isRefusal ? "refused" : "defect" }
}

/**
 * Spans and metrics for opening a session and for commits. A turn is counted by the commit that ends it, because there is exactly
 * one.
 */
export const traceStore = (store: SessionStore["Type"]): SessionStore["Type"] => ({
  ...store,

  open: (id, window) =>
    inSpan(
      "store open",
      { attributes: { "gen_ai.conversation.id": id } },
      store.open(id, window),
      (exit) => Effect.succeed(endFromExit(exit))
    ),

  commit: (id, epoch, changes) =>
    Effect.flatMap(Clock.currentTimeNanos, (startedAt) =>
      inSpan(
        "store commit",
        { attributes: { "gen_ai.conversation.id": id, ...commitAttributes(changes) } },
        store.commit(id, epoch, changes),
        (exit) =>
          Effect.gen(function*() {
            const end = endFromExit(exit)
            const tags = typeof end === "object" ? { "error.type": end.error } : {}
            yield* measure(meters.commitDuration, Number((yield* Clock.currentTimeNanos) - startedAt) / 1e9, tags)
            if (Exit.isSuccess(exit)) yield* Effect.forEach(changes.turns ?? [], countTurn, { discard: true })
            return end
          })
      ))
})

const commitAttributes = ({ events = [], messages = [], turns = [] }: SessionChanges) => ({
  ...(turns.length === 1 && { "langswarm.turn.id": turns[0]?.id }),
  "langswarm.commit.turns": turns.length,
  "langswarm.commit.messages": messages.length,
  "langswarm.commit.events": events.length
})

const countTurn = ({ acceptedAt, endedAt, error, status }: Turn): Effect.Effect<void> => {
  if (!isTerminal(status) || endedAt === undefined) return Effect.void
  const tags = { outcome: status, "error.type": status === "failed" ? error?.code : undefined }
  return Effect.zipRight(
    measure(meters.turns, 1, tags),
    measure(meters.turnDuration, Math.max(0, DateTime.distance(acceptedAt, endedAt)) / 1e3, tags)
  )
}

/**
 * A span from a turn's acceptance to its end. Its parent is the span of its sender, even if the sender does not wait. A turn
 * recovered from an earlier process has no parent.
 */
export const traceTurn: Instrumentation["turn"] = ({ id, ordinal, sessionId }, { model, provider }) =>
  Effect.zipWith(
    Effect.clock,
    Effect.makeSpan("turn", {
      captureStackTrace: false,
      attributes: {
        "gen_ai.conversation.id": sessionId,
        "langswarm.turn.id": id,
        "langswarm.turn.ordinal": ordinal,
        "langswarm.session.provider": provider,
        "gen_ai.request.model": model
      }
    }),
    (clock, span) => ({
      withSpan: Effect.withParentSpan(span),
      end: (exit) => {
        span.attribute("langswarm.turn.outcome", toOutcome(exit))
        endSpan(span, clock, endFromExit(exit))
      }
    })
  )

/** The same status as the turn's record has. */
const toOutcome = (exit: Exit.Exit<unknown, SessionError>): TurnStatus => {
  if (Exit.isSuccess(exit)) return "completed"
  switch (Option.getOrUndefined(Cause.failureOption(exit.cause))?._tag) {
    case "TurnInterrupted":
      return "interrupted"
    case "TurnStopped":
      return "stopped"
    default:
      return "failed"
  }
}
