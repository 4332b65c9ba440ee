import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import { eventLoopTurn } from "../../services/internal/eventLoopTurn.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { detectors, type SecretKind } from "./internal/detectors.js"
import { compilePatterns, findPattern, type PatternInput } from "./internal/patterns.js"
import { filterStages, mapTexts, replaceSpans, type Span } from "./internal/texts.js"
import { foldCharacter, foldText } from "./internal/words.js"

/**
 * What happens to what was found: it is replaced, the message is refused, or its kind is noted in the metadata and it stays.
 */
export type SecurityAction = "redact" | "reject" | "tag"

export interface SecurityPattern {
  /** As people are told of it, and as it is replaced: `[customer number]`. */
  readonly kind: string
  readonly pattern: PatternInput
  /** `redact` unless told. */
  readonly action?: SecurityAction
}

export interface SecurityMiddlewareOptions {
  /** What is done about each kind; `redact` unless told. `false` leaves it alone. */
  readonly detectors?: Readonly<Partial<Record<SecretKind, SecurityAction | false>>>
  /** Your own, in RE2's syntax; up to 64 of up to 1,024 characters. They see the text as it was written. */
  readonly patterns?: ReadonlyArray<SecurityPattern>
  /** What stands in the place of what was found. `[credit card]`, `[email address]` and so on unless told. */
  readonly placeholder?: (kind: string) => string
  /** `admission` alone unless told. With `reply`, replies stream no more. */
  readonly stages?: ReadonlyArray<"admission" | "reply">
}

interface Finding extends Span {
  readonly kind: string
  readonly label: string
  readonly action: SecurityAction
}

/**
 * A middleware named `security` that looks for social security numbers, credit cards, email addresses, phone numbers and API
 * keys. Where it found something, the metadata has `security: { kinds }`. No refusal and no log quotes what was found.
 * Fails with a `ConfigurationError` that names each pattern it cannot take.
 */
export const make = (options: SecurityMiddlewareOptions = {}): Effect.Effect<Middleware, ConfigurationError> =>
  Effect.gen(function*() {
    const { patterns = [], placeholder = (kind: string) => `[${kind}]`, stages = ["admission"] } = options
    const compiled = yield* compilePatterns(patterns.map(({ pattern }) => pattern))
    const builtIn = Record.toEntries(detectors).flatMap(([kind, { find, label }]) => {
      const action = options.detectors?.[kind] ?? "redact"
      return action === false ? [] : [{ action, find, kind, label }]
    })

    const find = Effect.fnUntraced(function*(text: string) {
      const findings: Array<Finding> = []
      const { folded, original } = yield* foldText(text, foldCharacter)
      for (const { action, find, kind, label } of builtIn) {
        for (const span of find(folded)) {
          const { end, start } = original(span.start, span.end)
          findings.push({ start, end, action, kind, label })
        }
        yield* eventLoopTurn
      }
      for (const pattern of compiled) {
        const of = patterns[pattern.index]
        if (of === undefined) continue
        const { action = "redact", kind } = of
        for (const { end, start } of yield* findPattern(pattern, text)) {
          findings.push({ start, end, action, kind, label: kind })
        }
      }
      return findings
    })

    const secure = Effect.fnUntraced(
      function*<P extends Part>(parts: ReadonlyArray<P>, { session }: MiddlewareContext) {
        const all: Array<Finding> = []
        const secured = yield* mapTexts(parts, (text) =>
          Effect.map(find(text), (findings) => {
            for (const finding of findings) all.push(finding)
            const redacted = findings.filter(({ action }) => action === "redact")
            return redacted.length === 0 ? text : replaceSpans(text, redacted, ({ label }) => placeholder(label))
          }))
        if (all.length === 0) return { parts, metadata: {} }
        const kinds = [...new Set(all.map(({ kind }) => kind))].toSorted()
        yield* Effect.logInfo("Sensitive content found").pipe(Effect.annotateLogs({ sessionId: session.id, kinds }))
        const rejected = all.find(({ action }) => action === "reject")
        if (rejected) return yield* new MiddlewareRefusal({ reason: `it holds what looks like: ${rejected.label}` })
        return { parts: secured, metadata: { security: { kinds } } }
      }
    )

    const middleware: Middleware = {
      name: "security",
      // Before others keep or count what was said.
      priority: 1000,
      ...filterStages(stages, secure)
    }
    return middleware
  })

/** Adds it to the pipeline. Fails also when a middleware named `security` is there already. */
export const layer = (
  options?: SecurityMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(
    Effect.flatMap(MiddlewarePipeline, (pipeline) => Effect.flatMap(make(options), (one) => pipeline.add(one)))
  )
