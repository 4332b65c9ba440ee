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
import { textOf } from "./internal/texts.js"

/**
 * What a text is like.
 */
export interface TextAnalysis {
  /** UTF-16 code units, as `length` counts. */
  readonly characters: number
  /** By the rules of Unicode (UAX 29), whatever the language. This and all below: of the first `analyzed` characters. */
  readonly words: number
  readonly sentences: number
  readonly analyzed: number
  /**
   * From 0 to 1: the mean of three parts, each of which is at most 1. Words of 100, words a sentence of 25, characters a word
   * of 10.
   */
  readonly complexity: number
  /** Has something between backticks. */
  readonly hasCode: boolean
  /** Has a question mark of some script, outside of addresses. */
  readonly hasQuestion: boolean
  /** Has an `http:` or `https:` address. */
  readonly hasUrl: boolean
}

// `und`: the same in each process, whatever its locale is.
const wordsOf = new Intl.Segmenter("und", { granularity: "word" })
const sentencesOf = new Intl.Segmenter("und", { granularity: "sentence" })

const url = /https?:\/\/\S+/giu
/** The Latin one, the Greek, the Arabic, the Ethiopic, the Armenian, and the wide one of East Asia. */
const questionMark = /[?\u037E\u061F\u1367\u055E\uFF1F]/u
const code = /`[^`]+`/u

/**
 * Looks at no more than `limit` characters, since it takes time in proportion.
 */
export const analyzeText = (text: string, limit: number): TextAnalysis => {
  const part = text.slice(0, limit)
  let words = 0
  let letters = 0
  for (const { isWordLike, segment } of wordsOf.segment(part)) {
    if (isWordLike !== true) continue
    words++
    letters += segment.length
  }
  let sentences = 0
  for (const { segment } of sentencesOf.segment(part)) if (segment.trim() !== "") sentences++
  const withoutUrls = part.replaceAll(url, " ")
  return {
    characters: text.length,
    words,
    sentences,
    analyzed: part.length,
    complexity: words === 0 ? 0 : (share(words, 100) + share(words / sentences, 25) + share(letters / words, 10)) / 3,
    hasCode: code.test(part),
    hasQuestion: questionMark.test(withoutUrls),
    hasUrl: withoutUrls !== part
  }
}

const share = (value: number, of: number): number => Math.min(1, value / of)

/**
 * What analytics tells of one message, and never what it said.
 */
export interface MessageAnalysis extends TextAnalysis {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly userId: UserId
  readonly role: "user" | "assistant"
  /** Whoever was called last; of a turn without a call, the session's own. */
  readonly provider: string
  readonly model: string
  /** A question: when it was accepted. A reply: when its turn had ended. */
  readonly at: DateTime.Utc
  /** As the function given for it says: of questions only. Absent when it failed, or took too long. */
  readonly intent?: string
  /** Likewise. */
  readonly sentiment?: string
}

export interface AnalyticsMiddlewareOptions<E = never> {
  /** Takes what was found out about a message, one after the other. */
  readonly sink: (analysis: MessageAnalysis) => Effect.Effect<void, E>
  /** What a question is for, in a word: as a model or a list of patterns may tell. */
  readonly intent?: (text: string, context: MiddlewareContext) => Effect.Effect<string, E>
  /** What mood a question is in. */
  readonly sentiment?: (text: string, context: MiddlewareContext) => Effect.Effect<string, E>
  /** How long each of the three may take. 5 seconds unless told. */
  readonly timeout?: Duration.DurationInput
  /** Characters of a message that are looked at. 10,000 unless told. */
  readonly maxAnalyzed?: number
  /** Messages that may wait for their analysis: further ones are left out, with a warning. 1,000 unless told. */
  readonly capacity?: number
}

interface Said {
  readonly role: MessageAnalysis["role"]
  readonly text: string
}

interface Task extends Said, Pick<MessageAnalysis, "at" | "model" | "provider" | "turnId"> {
  readonly context: MiddlewareContext
}

/**
 * A middleware named `analytics` that finds out what messages are like, and tells `sink`: of each question and each reply
 * that made it into the history, once its turn has ended, as they were after all other middleware. It works in the
 * background until the scope closes, and holds up no turn: it is an observer, and optional. What a turn was asked in an earlier process
 * it does not know.
 */
export const make = Effect.fnUntraced(function*<E = never>(options: AnalyticsMiddlewareOptions<E>) {
  const { capacity = 1000, intent, maxAnalyzed = 10_000, sentiment, sink, timeout = "5 seconds" } = options
  const said = new Map<TurnId, ReadonlyArray<Said>>()
  const tasks = yield* Mailbox.make<Task>({ capacity, strategy: "dropping" })
  let leftOut = 0

  /**
   * What throws, dies or hangs is gone on without. `exit`, because Effect logs the failure of a fiber that is forked, and
   * this one may quote what was said.
   */
  const tolerate = <A>(what: string, run: () => Effect.Effect<A, E>): Effect.Effect<A | undefined> =>
    Effect.timeoutOption(Effect.disconnect(Effect.exit(Effect.suspend(run))), timeout).pipe(
      Effect.flatMap((exit) =>
        Option.isSome(exit) && Exit.isSuccess(exit.value)
          ? Effect.succeed(exit.value.value)
          : Effect.as(Effect.logWarning(`Analytics goes on without ${what}, which failed or took too long`), undefined)
      )
    )

  const work = Effect.fnUntraced(function*({ at, context, model, provider, role, text, turnId }: Task) {
    const { id: sessionId, userId } = context.session
    const asks = role === "user" && text !== ""
    const found = asks && intent ? yield* tolerate("an intent", () => intent(text, context)) : undefined
    const mood = asks && sentiment ? yield* tolerate("a sentiment", () => sentiment(text, context)) : undefined
    const analysis: MessageAnalysis = {
      sessionId,
      turnId,
      userId,
      role,
      provider,
      model,
      at,
      ...analyzeText(text, maxAnalyzed),
      ...(found !== undefined && { intent: found }),
      ...(mood !== undefined && { sentiment: mood })
    }
    yield* tolerate("its sink", () => sink(analysis))
    if (leftOut === 0) return
    yield* Effect.logWarning(`Analytics is too slow, and has left out ${leftOut} messages`)
    leftOut = 0
  })

  // In between, others have their turn.
  const worker = yield* Effect.forkScoped(
    Effect.ignore(Effect.forever(Effect.zipRight(Effect.yieldNow(), Effect.flatMap(tasks.take, work))))
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
        // An edited turn asks what it was told last.
        if (turnId) said.set(turnId, [{ role: "user", text: textOf(prompt.parts) }])
        return prompt
      }),
    reply: (reply, { turnId }) =>
      Effect.sync(() => {
        if (turnId) said.set(turnId, [...(said.get(turnId) ?? []), { role: "assistant", text: textOf(reply.parts) }])
        return reply
      }),
    ended: (turn, context) =>
      Effect.gen(function*() {
        const { turnId } = context
        if (turnId === undefined) return
        const all = said.get(turnId) ?? []
        said.delete(turnId)
        if (turn === undefined) return
        for (const one of all) {
          if (isKept(turn, one) && !(yield* tasks.offer(taskOf(turn, one, context)))) leftOut++
        }
      })
  }
  return middleware
})

/**
 * Adds it to the pipeline. Fails when a middleware named `analytics` is there already.
 */
export const layer = <E = never>(
  options: AnalyticsMiddlewareOptions<E>
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

/** Whether it made it into the history. */
const isKept = (turn: Turn, { role }: Said): boolean => (role === "user" ? turn.promptSeq : turn.replySeq) !== undefined

const taskOf = (turn: Turn, one: Said, context: MiddlewareContext): Task => {
  const { model, provider } = turn.attempts?.at(-1) ?? context.session
  const at = one.role === "user" ? turn.acceptedAt : turn.endedAt ?? turn.acceptedAt
  return { ...one, turnId: turn.id, provider, model, at, context }
}
