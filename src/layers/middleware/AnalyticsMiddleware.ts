import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionId, TurnId, UserId } from "../../domain/Ids.js"
import type { Turn } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { analyzeText, type TextAnalysis } from "./internal/textAnalysis.js"
import { textOf } from "./internal/texts.js"

export type { TextAnalysis }

export interface AnalyticsMiddlewareOptions<E = never> {
  /** Receives the analysis of each message, one at a time. */
  readonly sink: (analysis: MessageAnalysis) => Effect.Effect<void, E>
  /** Classifies the purpose of a question, for example with a model or patterns. */
  readonly intent?: (text: string, context: MiddlewareContext) => Effect.Effect<string, E>
  /** Classifies the mood of a question. */
  readonly sentiment?: (text: string, context: MiddlewareContext) => Effect.Effect<string, E>
  /** Time limit for each call of the three functions. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput
  /** Characters of a message that are analyzed. Default: 10,000. */
  readonly maxAnalyzed?: number
  /** Messages that may wait for analysis. More are dropped, with a warning. Default: 1,000. */
  readonly capacity?: number
}

/**
 * The analysis of one message, without its text.
 */
export interface MessageAnalysis extends TextAnalysis {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly userId: UserId
  readonly role: "user" | "assistant"
  /** Provider and model of the last call; those of the session if the turn made no call. */
  readonly provider: string
  readonly model: string
  /** For a question, when it was accepted. For a reply, when its turn ended. */
  readonly at: DateTime.Utc
  /** Result of `intent`. Only for questions; absent if the function failed or timed out. */
  readonly intent?: string
  /** Result of `sentiment`. Only for questions; absent if the function failed or timed out. */
  readonly sentiment?: string
}

/**
 * A middleware named `analytics` that analyzes each question and reply of the history after its turn ended, as other middleware
 * left them, and passes the result to `sink`. It runs in the background until the scope closes, and is an observer and optional, so
 * it never delays a turn. Questions that an earlier process admitted are not analyzed.
 */
export const make = Effect.fnUntraced(function*<E = never>(options: AnalyticsMiddlewareOptions<E>) {
  const { capacity = 1000, intent, maxAnalyzed = 10_000, sentiment, sink, timeout = "5 seconds" } = options
  const texts = new Map<TurnId, ReadonlyArray<MessageText>>()
  const tasks = yield* Mailbox.make<Task>({ capacity, strategy: "dropping" })
  let dropped = 0

  /**
   * Runs a function of the application. If it throws, fails, dies or times out, the result is undefined. `exit`, because Effect logs
   * the failure of a forked fiber, which may quote the conversation.
   */
  const tolerate = <A>(what: string, run: () => Effect.Effect<A, E>): Effect.Effect<A | undefined> =>
    Effect.timeoutOption(Effect.disconnect(Effect.exit(Effect.suspend(run))), timeout).pipe(
      Effect.flatMap((exit) =>
        Option.isSome(exit) && Exit.isSuccess(exit.value)
          ? Effect.succeed(exit.value.value)
          : Effect.as(Effect.logWarning(`Analytics: ${what} failed or timed out`), undefined)
      )
    )

  const analyze = Effect.fnUntraced(function*({ at, context, model, provider, role, text, turnId }: Task) {
    const { id: sessionId, userId } = context.session
    const isQuestion = role === "user" && text !== ""
    const intentResult = isQuestion && intent ? yield* tolerate("\"intent\"", () => intent(text, context)) : undefined
    const sentimentResult = isQuestion && sentiment
      ? yield* tolerate("\"sentiment\"", () => sentiment(text, context))
      : undefined
    const analysis: MessageAnalysis = {
      sessionId,
      turnId,
      userId,
      role,
      provider,
      model,
      at,
      ...analyzeText(text, maxAnalyzed),
      ...(intentResult !== undefined && { intent: intentResult }),
      ...(sentimentResult !== undefined && { sentiment: sentimentResult })
    }
    yield* tolerate("\"sink\"", () => sink(analysis))
    if (dropped === 0) return
    yield* Effect.logWarning(`Analytics is too slow; ${dropped} messages were dropped`)
    dropped = 0
  })

  // Yields to other fibers between messages.
  const worker = yield* Effect.forkScoped(
    Effect.ignore(Effect.forever(Effect.zipRight(Effect.yieldNow(), Effect.flatMap(tasks.take, analyze))))
  )
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(tasks.end, Effect.timeoutOption(Fiber.await(worker), Duration.times(timeout, 2)))
  )

  const middleware: Middleware = {
    name: "analytics",
    priority: Number.MIN_SAFE_INTEGER,
    policy: "optional",
    observer: true,
    admission: (prompt, { turnId }) =>
      Effect.sync(() => {
        // An edit replaces the question.
        if (turnId) texts.set(turnId, [{ role: "user", text: textOf(prompt.parts) }])
        return prompt
      }),
    reply: (reply, { turnId }) =>
      Effect.sync(() => {
        if (turnId) texts.set(turnId, [...(texts.get(turnId) ?? []), { role: "assistant", text: textOf(reply.parts) }])
        return reply
      }),
    ended: (turn, context) =>
      Effect.gen(function*() {
        const { turnId } = context
        if (turnId === undefined) return
        const all = texts.get(turnId) ?? []
        texts.delete(turnId)
        if (turn === undefined) return
        for (const one of all) {
          if (isKept(turn, one) && !(yield* tasks.offer(toTask(turn, one, context)))) dropped++
        }
      })
  }
  return middleware
})

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` when there is already one named `analytics`.
 */
export const layer = <E = never>(
  options: AnalyticsMiddlewareOptions<E>
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

interface MessageText {
  readonly role: MessageAnalysis["role"]
  readonly text: string
}

interface Task extends MessageText, Pick<MessageAnalysis, "at" | "model" | "provider" | "turnId"> {
  readonly context: MiddlewareContext
}

/** Whether the message is in the history. */
const isKept = (turn: Turn, { role }: MessageText): boolean =>
  (role === "user" ? turn.promptSeq : turn.replySeq) !== undefined

const toTask = (turn: Turn, one: MessageText, context: MiddlewareContext): Task => {
  const { model, provider } = turn.attempts?.at(-1) ?? context.session
  const at = one.role === "user" ? turn.acceptedAt : turn.endedAt ?? turn.acceptedAt
  return { ...one, turnId: turn.id, provider, model, at, context }
}
