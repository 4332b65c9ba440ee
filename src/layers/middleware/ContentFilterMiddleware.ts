import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { compilePatterns, findPattern, type PatternInput } from "./internal/patterns.js"
import { foldText, foldWordCharacter } from "./internal/textFolding.js"
import { filterStages, mapTexts, replaceSpans } from "./internal/texts.js"
import { compileWords } from "./internal/wordMatcher.js"

export type { PatternInput }

export interface ContentFilterMiddlewareOptions {
  /** Whole words and phrases, matched without case and diacritics. Maximum: 10,000 of 128 characters each. */
  readonly words?: ReadonlyArray<string>
  /** Patterns in RE2 syntax, matched against the original text. Maximum: 64 of 1,024 characters each. */
  readonly patterns?: ReadonlyArray<PatternInput>
  /** `reject` refuses the message. Default: `replace`. */
  readonly action?: "replace" | "reject"
  /** Replaces each match. Default: `[filtered]`. */
  readonly replacement?: string
  /** `admission` filters questions and system messages. With `reply`, replies do not stream. Default: `["admission"]`. */
  readonly stages?: ReadonlyArray<"admission" | "reply">
}

/**
 * A middleware named `content-filter` that replaces or refuses words and patterns. A message it changed has
 * `contentFiltered: true` in its metadata. Fails with a `ConfigurationError` that names each invalid word or pattern by its index.
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
      const wordSpans = (yield* findWords(folded)).map(({ end, start }) => original(start, end))
      const patternSpans = yield* Effect.forEach(compiled, (pattern) => findPattern(pattern, text))
      return [...wordSpans, ...patternSpans.flat()]
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
        if (action === "reject") {
          return yield* new MiddlewareRefusal({ reason: "the message contains filtered content" })
        }
        return { parts: filtered, metadata: { contentFiltered: true } }
      }
    )

    return { name: "content-filter", ...filterStages(stages, filter) }
  })

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` as `make` does, and when there is already one named
 * `content-filter`.
 */
export const layer = (
  options: ContentFilterMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(
    Effect.flatMap(MiddlewarePipeline, (pipeline) => Effect.flatMap(make(options), (one) => pipeline.add(one)))
  )

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)
