import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import type { Middleware, MiddlewareContext } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { escapeText, textOf } from "./internal/texts.js"

export interface LoggingMiddlewareOptions {
  /** `Info` unless told. */
  readonly level?: LogLevel.LogLevel
  /** Also writes what was said, on one line with control characters escaped. False unless told. */
  readonly content?: boolean
  /** Characters of what was said that a line shows at most; `length` tells of all of it. 2,000 unless told. */
  readonly maxContent?: number
}

/**
 * A middleware named `logging` that writes one line at each stage: the session, the role and the length of the text in
 * characters. It runs after all others, so that it sees what they made of a message. It is an observer, and optional: a
 * turn never waits or fails for want of a log line.
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
      const asked = request.messages.at(-1)
      return log("Provider called", asked?.parts ?? [], context, {
        turnId: request.turnId,
        messages: request.messages.length,
        ...(asked && { role: asked.role })
      }).pipe(Effect.as(request))
    },
    reply: (reply, context) =>
      log("Reply received", reply.parts, context, { role: "assistant", finishReason: reply.finishReason }).pipe(
        Effect.as(reply)
      )
  }
}

/**
 * Adds it to the pipeline. Fails when a middleware named `logging` is there already.
 */
export const layer = (
  options?: LoggingMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(make(options))))
