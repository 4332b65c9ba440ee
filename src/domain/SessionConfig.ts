import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "./error/RequestError.js"
import { DurationFromInput, ShortText } from "./Input.js"
import { JsonRecord, mergePatch } from "./Json.js"
import { ProviderTarget } from "./Provider.js"
import { BusyPolicy } from "./Turn.js"

const limit = Schema.optionalWith(Schema.Positive.pipe(Schema.int()), { exact: true })
const delay = Schema.optionalWith(DurationFromInput, { exact: true })

/**
 * A session's settings. All are optional; what is left out is unlimited, or never happens.
 */
export const SessionConfig = Schema.Struct({
  name: Schema.optionalWith(ShortText(256), { exact: true }),
  description: Schema.optionalWith(ShortText(4096), { exact: true }),
  tags: Schema.optionalWith(
    Schema.Array(ShortText(64).pipe(Schema.trimmed(), Schema.nonEmptyString())).pipe(Schema.maxItems(64)),
    { exact: true }
  ),
  /** A send is refused with `LimitExceeded` when its question and its reply would be more than so many in the history. */
  maxMessages: limit,
  /** A send is refused with `LimitExceeded` when it is about longer than that: four characters are taken for a token. */
  maxTokensPerMessage: limit,
  /** A session that rested for so long takes no more messages: it is archived. */
  sessionTimeoutMinutes: limit,
  /** Counted from the last activity, like `autoDeleteAfter`. */
  autoArchiveAfter: delay,
  autoDeleteAfter: delay,
  /** What becomes of a send while another turn runs, unless the send says it. `queue` unless told. */
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  /** For the provider, which says what it may hold: system prompt, maximum tokens, tools, a mock's pattern. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true }),
  /** Who is asked, in this order, when the session's own provider cannot answer and has said nothing yet. */
  fallbacks: Schema.optionalWith(Schema.Array(ProviderTarget).pipe(Schema.maxItems(8)), { exact: true }),
  /** The latest messages of the history that a provider is shown at most; no more than the host allows. */
  historyMessages: limit,
  /** The same, in tokens: about four characters are taken for one. */
  historyTokens: limit,
  /** Not read by the runtime: for the embedding application and its middleware. */
  customSettings: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface SessionConfig extends Schema.Schema.Type<typeof SessionConfig> {}

/**
 * What is contradictory in a configuration, in words; empty when it can be used. The schema has checked each field alone.
 */
export const sessionConfigProblems = (config: SessionConfig): ReadonlyArray<string> => {
  const { autoArchiveAfter, autoDeleteAfter } = config
  const problems: Array<string> = []
  if (autoArchiveAfter !== undefined && Duration.lessThanOrEqualTo(autoArchiveAfter, Duration.zero)) {
    problems.push("autoArchiveAfter must be longer than 0")
  }
  if (autoDeleteAfter !== undefined && Duration.lessThanOrEqualTo(autoDeleteAfter, Duration.zero)) {
    problems.push("autoDeleteAfter must be longer than 0")
  }
  if (
    autoArchiveAfter !== undefined && autoDeleteAfter !== undefined &&
    Duration.lessThan(autoDeleteAfter, autoArchiveAfter)
  ) {
    problems.push("autoDeleteAfter must not be shorter than autoArchiveAfter: the session would never be archived")
  }
  return problems
}

const validateFields = Schema.validateEither(SessionConfig)

const check = (config: SessionConfig): Either.Either<SessionConfig, InvalidRequest> =>
  Either.mapLeft(validateFields(config), (error) => InvalidRequest.fromParseError(error))

/**
 * Applies a JSON Merge Patch (RFC 7396) to what the provider is told, and puts other fallbacks in place of those there are.
 * Refused when that is more than a configuration may hold.
 */
export const patchSessionConfig = (
  config: SessionConfig,
  { fallbacks, providerConfig }: Pick<SessionConfig, "fallbacks" | "providerConfig">
): Either.Either<SessionConfig, InvalidRequest> =>
  check({
    ...config,
    ...(providerConfig && { providerConfig: mergePatch(config.providerConfig ?? {}, providerConfig) }),
    ...(fallbacks && { fallbacks })
  })

/**
 * Lays `over` on top of `base`: its fields win, tags are united, and free-form settings are merged key by key. Refused when
 * both together are more than a configuration may hold.
 */
export const mergeSessionConfigs = (
  base: SessionConfig,
  over: SessionConfig
): Either.Either<SessionConfig, InvalidRequest> =>
  check({
    ...base,
    ...over,
    ...(base.tags && over.tags && { tags: Arr.union(base.tags, over.tags) }),
    ...(base.providerConfig && over.providerConfig &&
      { providerConfig: { ...base.providerConfig, ...over.providerConfig } }),
    ...(base.customSettings && over.customSettings &&
      { customSettings: { ...base.customSettings, ...over.customSettings } })
  })
