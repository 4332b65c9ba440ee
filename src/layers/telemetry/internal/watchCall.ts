import * as Effect from "effect/Effect"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"

import { inputMessages } from "./inputMessages.js"
import { inSpan } from "./inSpan.js"
import { measureCall } from "./measureCall.js"
import { outputMessages } from "./outputMessages.js"
import { requestAttributes } from "./requestAttributes.js"
import { responseAttributes } from "./responseAttributes.js"
import { ofError, type SpanEnd } from "./SpanEnd.js"

/**
 * A span for each provider call, and its tokens, cost and duration, also when it breaks off.
 */
export const watchCall = (content: boolean): Instrumentation["call"] => (target, request, asked, call) =>
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
      const { attempt, fold, vendor } = asked
      // Interrupted before it began.
      if (attempt === undefined) return Effect.succeed("stopped")
      const response = {
        ...responseAttributes(attempt, fold, vendor),
        ...(content && { "gen_ai.output.messages": outputMessages(fold) })
      }
      for (const [name, value] of Object.entries(response)) span.attribute(name, value)
      return Effect.as(
        measureCall(attempt, fold, vendor),
        attempt.error === undefined ? "well" : ofError(attempt.error)
      )
    }
  )
