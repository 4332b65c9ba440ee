import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { TurnId } from "../../domain/Ids.js"
import { layerFromConfig } from "../../services/internal/config.js"
import type { Middleware, MiddlewareContext } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { textOf } from "./internal/texts.js"

export interface MetricsMiddlewareOptions {
  /**
   * Pairs of provider and model with labels of their own; further ones are labeled `other`, because clients may choose model
   * names. Default: 100.
   */
  readonly maxModels?: number
}

/**
 * A middleware named `metrics` that measures what passes the pipeline, before other middleware changes it. It is an observer and
 * optional. No metric is labeled with a user or session.
 */
export const make = ({ maxModels = 100 }: MetricsMiddlewareOptions = {}): Middleware => {
  const models = new Set<string>()
  const startedAt = new Map<TurnId, bigint>()

  const toLabels = ({ session: { model, provider } }: MiddlewareContext) => {
    const pair = JSON.stringify([provider, model])
    if (!models.has(pair) && models.size >= maxModels) return { provider: "other", model: "other" }
    models.add(pair)
    return { provider, model }
  }
  const measure = (
    context: MiddlewareContext,
    measured: ReadonlyArray<Effect.Effect<void>>,
    more: Readonly<Record<string, string>> = {}
  ) => Effect.tagMetrics(Effect.all(measured, { discard: true }), { ...toLabels(context), ...more })

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
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` when there is already one named `metrics`.
 */
export const layer = (
  options?: MetricsMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(make(options))))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })
const characters = MetricBoundaries.exponential({ start: 16, factor: 4, count: 8 })
const milliseconds = MetricBoundaries.exponential({ start: 50, factor: 2, count: 12 })
const messages = MetricBoundaries.exponential({ start: 1, factor: 2, count: 9 })

/**
 * The metrics, shared by all runtimes of a process. All are labeled with the `provider` and `model` of the session, even while a
 * fallback stands in.
 */
export const metrics = {
  prompts: counter("langswarm_pipeline_prompts", "Prompts that reached admission: sends, edits and system messages"),
  promptCharacters: Metric.histogram(
    "langswarm_pipeline_prompt_characters",
    characters,
    "Characters of text in a prompt"
  ),
  unaccepted: counter("langswarm_pipeline_unaccepted", "Sends without a turn: most were refused at admission"),
  requestMessages: Metric.histogram(
    "langswarm_pipeline_request_messages",
    messages,
    "Messages in a provider request, before turn middleware changed it"
  ),
  replies: counter("langswarm_pipeline_replies", "Replies, by finish_reason"),
  replyCharacters: Metric.histogram("langswarm_pipeline_reply_characters", characters, "Characters of text in a reply"),
  replyTokens: counter("langswarm_pipeline_reply_tokens", "Tokens of replies with a token count, by direction"),
  responseTime: Metric.histogram(
    "langswarm_pipeline_response_time_ms",
    milliseconds,
    "Milliseconds from the turn stage to the reply, including retries, fallbacks and turn middleware"
  ),
  refusals: counter("langswarm_pipeline_refusals", "Turns that middleware failed, by stage and middleware")
}
