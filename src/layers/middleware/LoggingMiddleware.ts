import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { escapeText } from "../../services/internal/escapeText.js"
import type { Middleware, MiddlewareContext } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { textOf } from "./internal/texts.js"

export interface LoggingMiddlewareOptions {
  /** Level of the log lines. Default: `Info`. */
  readonly level?: LogLevel.LogLevel
  /** Also logs the text, on one line with control characters escaped. Default: false. */
  readonly content?: boolean
  /** Maximum characters of text in a line; `length` is always that of the whole text. Default: 2,000. */
  readonly maxContent?: number
}

/**
 * A middleware named `logging` that logs one line at each stage: the session, the role, and the length of the text in characters.
 * It runs last, so it logs messages as other middleware left them. It is an observer and optional, so it never fails a turn.
 */
export const make = (
  { content = false, level = LogLevel.Info, maxContent = 2000 }: LoggingMiddlewareOptions = {}
): Middleware => {
  const log = (
    event: string,
    parts: ReadonlyArray<Part>,
    { session }: MiddlewareContext,
    annotations: Readonly<Record<string, unknown>>
  ) => {
    const text = textOf(parts)
    return Effect.logWithLevel(level, event).pipe(
      Effect.annotateLogs({
        sessionId: session.id,
        ...annotations,
        length: text.length,
        ...(content && { content: escapeText(text.slice(0, maxContent)) })
      })
    )
  }

  return {
    name: "logging",
    priority: Number.MIN_SAFE_INTEGER,
    policy: "optional",
    observer: true,
    admission: (prompt, context) => Effect.as(log("Message admitted", prompt.parts, context, {}), prompt),
    turn: (request, context) => {
      const last = request.messages.at(-1)
      return log("Provider called", last?.parts ?? [], context, {
        turnId: request.turnId,
        messages: request.messages.length,
        ...(last && { role: last.role })
      }).pipe(Effect.as(request))
    },
    reply: (reply, context) =>
      log("Reply received", reply.parts, context, { role: "assistant", finishReason: reply.finishReason }).pipe(
        Effect.as(reply)
      )
  }
}

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` when there is already one named `logging`.
 */
export const layer = (
  options?: LoggingMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(make(options))))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)
