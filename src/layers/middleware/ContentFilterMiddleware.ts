import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { compilePatterns, findPattern, type PatternInput } from "./internal/patterns.js"
import { filterStages, mapTexts, replaceSpans } from "./internal/texts.js"
import { compileWords, foldText, foldWordCharacter } from "./internal/words.js"

export interface ContentFilterMiddlewareOptions {
  /** Whole words and phrases, whatever their case and diacritics; up to 10,000 of up to 128 characters. */
  readonly words?: ReadonlyArray<string>
  /** Up to 64 of up to 1,024 characters, in RE2's syntax. They see the text as it was written. */
  readonly patterns?: ReadonlyArray<PatternInput>
  /** `replace` unless told. `reject` refuses the message. */
  readonly action?: "replace" | "reject"
  /** `[filtered]` unless told. */
  readonly replacement?: string
  /** `admission` alone unless told: what people say, and system messages. With `reply`, replies stream no more. */
  readonly stages?: ReadonlyArray<"admission" | "reply">
}

/**
 * A middleware named `content-filter`. What it changed has `contentFiltered: true` in its metadata. Fails with a
 * `ConfigurationError` that names each word or pattern it cannot take.
 */
export const make = ({
  action = "replace",
  patterns = [],
  replacement = "[filtered]",
  stages = ["admission"],
  words = []
}: ContentFilterMiddlewareOptions): Effect.Effect<Middleware, ConfigurationError> =>
  Effect.gen(function*() {
    const findWords = yield* compileWords(words)
    const compiled = yield* compilePatterns(patterns)

    const find = Effect.fnUntraced(function*(text: string) {
      const { folded, original } = yield* foldText(text, foldWordCharacter)
      const ofWords = (yield* findWords(folded)).map(({ end, start }) => original(start, end))
      const ofPatterns = yield* Effect.forEach(compiled, (pattern) => findPattern(pattern, text))
      return [...ofWords, ...ofPatterns.flat()]
    })

    const filter = Effect.fnUntraced(
      function*<P extends Part>(parts: ReadonlyArray<P>, { session }: MiddlewareContext) {
        let count = 0
        const filtered = yield* mapTexts(parts, (text) =>
          Effect.map(find(text), (spans) => {
            count += spans.length
            return spans.length === 0 ? text : replaceSpans(text, spans, () => replacement)
          }))
        if (count === 0) return { parts, metadata: {} }
        yield* Effect.logInfo("Content filtered").pipe(Effect.annotateLogs({ sessionId: session.id, count, action }))
        if (action === "reject") return yield* new MiddlewareRefusal({ reason: "it holds what is filtered here" })
        return { parts: filtered, metadata: { contentFiltered: true } }
      }
    )

    const middleware: Middleware = {
      name: "content-filter",
      ...filterStages(stages, filter)
    }
    return middleware
  })

/** Adds it to the pipeline. Fails also when a middleware named `content-filter` is there already. */
export const layer = (
  options: ContentFilterMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(
    Effect.flatMap(MiddlewarePipeline, (pipeline) => Effect.flatMap(make(options), (one) => pipeline.add(one)))
  )
