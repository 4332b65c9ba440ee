import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { TurnId } from "../../domain/Ids.js"
import type { Middleware, MiddlewareContext } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { textOf } from "./internal/texts.js"

export interface MetricsMiddlewareOptions {
  /**
   * Pairs of provider and model that are counted apart, since anybody may name a model; further ones count as `other`. 100
   * unless told.
   */
  readonly maxModels?: number
}

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })
const characters = MetricBoundaries.exponential({ start: 16, factor: 4, count: 8 })
const milliseconds = MetricBoundaries.exponential({ start: 50, factor: 2, count: 12 })
const messages = MetricBoundaries.exponential({ start: 1, factor: 2, count: 9 })

/**
 * What is measured, for all runtimes of a process together. All have the tags `provider` and `model`, of the session, also
 * while another provider stands in for its own.
 */
export const metrics = {
  prompts: counter("langswarm_pipeline_prompts", "Prompts that reached admission: sends, edits, system messages"),
  promptCharacters: Metric.histogram(
    "langswarm_pipeline_prompt_characters",
    characters,
    "Characters of text in a prompt"
  ),
  unaccepted: counter("langswarm_pipeline_unaccepted", "Sends that became no turn: most were refused at admission"),
  requestMessages: Metric.histogram(
    "langswarm_pipeline_request_messages",
    messages,
    "Messages that a provider was to be shown, before turn middleware changed that"
  ),
  replies: counter("langswarm_pipeline_replies", "Replies that came back, by finish_reason"),
  replyCharacters: Metric.histogram("langswarm_pipeline_reply_characters", characters, "Characters of text in a reply"),
  replyTokens: counter("langswarm_pipeline_reply_tokens", "Tokens of replies that came with a count, by direction"),
  responseTime: Metric.histogram(
    "langswarm_pipeline_response_time_ms",
    milliseconds,
    "Milliseconds from the turn stage to the reply: retries, fallbacks and turn middleware included"
  ),
  refusals: counter("langswarm_pipeline_refusals", "Turns that middleware ended, by stage and middleware")
}

/**
 * A middleware named `metrics` that measures what passes through the pipeline, before other middleware has changed it. It is
 * an observer, and optional. Nothing of users or sessions is a tag.
 */
export const make = ({ maxModels = 100 }: MetricsMiddlewareOptions = {}): Middleware => {
  const models = new Set<string>()
  const startedAt = new Map<TurnId, bigint>()

  const tagsOf = ({ session: { model, provider } }: MiddlewareContext) => {
    const pair = JSON.stringify([provider, model])
    if (!models.has(pair) && models.size >= maxModels) return { provider: "other", model: "other" }
    models.add(pair)
    return { provider, model }
  }
  const measure = (
    context: MiddlewareContext,
    measured: ReadonlyArray<Effect.Effect<void>>,
    more: Readonly<Record<string, string>> = {}
  ) => Effect.tagMetrics(Effect.all(measured, { discard: true }), { ...tagsOf(context), ...more })

  return {
    name: "metrics",
    priority: Number.MAX_SAFE_INTEGER,
    policy: "optional",
    observer: true,
    admission: (prompt, context) =>
      measure(context, [
        Metric.increment(metrics.prompts),
        Metric.update(metrics.promptCharacters, textOf(prompt.parts).length)
      ]).pipe(Effect.as(prompt)),
    turn: (request, context) =>
      Effect.gen(function*() {
        startedAt.set(request.turnId, yield* Clock.currentTimeNanos)
        yield* measure(context, [Metric.update(metrics.requestMessages, request.messages.length)])
        return request
      }),
    reply: (reply, context) =>
      Effect.gen(function*() {
        const { finishReason, parts, usage } = reply
        const since = context.turnId && startedAt.get(context.turnId)
        const now = yield* Clock.currentTimeNanos
        yield* measure(context, [
          Metric.update(metrics.replyCharacters, textOf(parts).length),
          Metric.increment(metrics.replies).pipe(Effect.tagMetrics("finish_reason", finishReason)),
          ...(since === undefined ? [] : [Metric.update(metrics.responseTime, Number(now - since) / 1e6)]),
          ...(usage === undefined ? [] : [
            Metric.incrementBy(metrics.replyTokens, usage.inputTokens).pipe(Effect.tagMetrics("direction", "input")),
            Metric.incrementBy(metrics.replyTokens, usage.outputTokens).pipe(Effect.tagMetrics("direction", "output"))
          ])
        ])
        return reply
      }),
    ended: (turn, context) =>
      Effect.suspend(() => {
        if (context.turnId) startedAt.delete(context.turnId)
        if (turn === undefined) return measure(context, [Metric.increment(metrics.unaccepted)])
        const { error } = turn
        return error?._tag === "MiddlewareError"
          ? measure(context, [Metric.increment(metrics.refusals)], { stage: error.stage, middleware: error.middleware })
          : Effect.void
      })
  }
}

/**
 * Adds it to the pipeline. Fails when a middleware named `metrics` is there already.
 */
export const layer = (
  options?: MetricsMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(make(options))))
