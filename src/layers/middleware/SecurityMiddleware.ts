import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Part } from "../../domain/Message.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { eventLoopTurn } from "../../services/internal/eventLoopTurn.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { detectors, type SecretKind } from "./internal/detectors.js"
import { compilePatterns, findPattern, type PatternInput } from "./internal/patterns.js"
import { foldCharacter, foldText } from "./internal/textFolding.js"
import { filterStages, mapTexts, replaceSpans, type Span } from "./internal/texts.js"

export type { PatternInput, SecretKind }

export interface SecurityMiddlewareOptions {
  /** Action for each built-in kind; `false` disables its detector. Default: `redact` for all. */
  readonly detectors?: Readonly<Partial<Record<SecretKind, SecurityAction | false>>>
  /** Custom patterns in RE2 syntax, matched against the original text. Maximum: 64 of 1,024 characters each. */
  readonly patterns?: ReadonlyArray<SecurityPattern>
  /** The replacement for a kind. Default: the kind in brackets, such as `[credit card]`. */
  readonly placeholder?: (kind: string) => string
  /** With `reply`, replies do not stream. Default: `["admission"]`. */
  readonly stages?: ReadonlyArray<"admission" | "reply">
}

/**
 * What to do with a match: replace it, refuse the message, or keep it and note its kind in the metadata.
 */
export type SecurityAction = "redact" | "reject" | "tag"

export interface SecurityPattern {
  /** The name in refusals and replacements: `customer number` is replaced by `[customer number]`. */
  readonly kind: string
  readonly pattern: PatternInput
  /** Default: `redact`. */
  readonly action?: SecurityAction
}

interface Finding extends Span {
  readonly kind: string
  readonly label: string
  readonly action: SecurityAction
}

/**
 * A middleware named `security` that finds social security numbers, credit cards, email addresses, phone numbers and API keys. A
 * message with matches has `security: { kinds }` in its metadata. Refusals and logs never quote a match. Fails with a
 * `ConfigurationError` that names each invalid pattern by its index.
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
        const input = patterns[pattern.index]
        if (input === undefined) continue
        const { action = "redact", kind } = input
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
        if (rejected) {
          return yield* new MiddlewareRefusal({ reason: `the message contains what looks like: ${rejected.label}` })
        }
        return { parts: secured, metadata: { security: { kinds } } }
      }
    )

    const middleware: Middleware = {
      name: "security",
      // Before other middleware stores or counts the text.
      priority: 1000,
      ...filterStages(stages, secure)
    }
    return middleware
  })

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` as `make` does, and when there is already one named
 * `security`.
 */
export const layer = (
  options?: SecurityMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(
    Effect.flatMap(MiddlewarePipeline, (pipeline) => Effect.flatMap(make(options), (one) => pipeline.add(one)))
  )

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)
