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
 * A session's settings. All are optional: an absent limit is unlimited, and an absent delay never applies.
 */
export const SessionConfig = Schema.Struct({
  name: Schema.optionalWith(ShortText(256), { exact: true }),
  description: Schema.optionalWith(ShortText(4096), { exact: true }),
  tags: Schema.optionalWith(
    Schema.Array(ShortText(64).pipe(Schema.trimmed(), Schema.nonEmptyString())).pipe(Schema.maxItems(64)),
    { exact: true }
  ),
  /** Maximum messages in the history. A send whose question and reply would exceed it fails with `LimitExceeded`. */
  maxMessages: limit,
  /** Maximum tokens of a send, estimated at four characters each. A longer one fails with `LimitExceeded`. */
  maxTokensPerMessage: limit,
  /** The session is archived after this many minutes without activity. */
  sessionTimeoutMinutes: limit,
  /** Time since the last activity, as for `autoDeleteAfter`. */
  autoArchiveAfter: delay,
  autoDeleteAfter: delay,
  /** What happens to a send while another turn runs, unless the send sets it. Default: `queue`. */
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  /** Settings of the provider, such as system prompt, maximum tokens or tools. The provider defines its fields. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true }),
  /** Providers to try, in this order, when the session's own provider fails before any part of the reply arrived. */
  fallbacks: Schema.optionalWith(Schema.Array(ProviderTarget).pipe(Schema.maxItems(8)), { exact: true }),
  /** Maximum messages of the history sent to a provider, latest first. Capped by the host's limit. */
  historyMessages: limit,
  /** The same in tokens, estimated at four characters each. */
  historyTokens: limit,
  /** For the embedding application and its middleware. The runtime does not read it. */
  customSettings: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface SessionConfig extends Schema.Schema.Type<typeof SessionConfig> {}

/**
 * The contradictions between the fields of a configuration; empty when it is valid. The schema has validated each field.
 */
export const sessionConfigProblems = (config: SessionConfig): ReadonlyArray<string> => {
  const { autoArchiveAfter, autoDeleteAfter } = config
  const problems: Array<string> = []
  if (autoArchiveAfter !== undefined && Duration.lessThan(autoArchiveAfter, shortestDelay)) {
    problems.push("autoArchiveAfter must be at least 1 ms")
  }
  if (autoDeleteAfter !== undefined && Duration.lessThan(autoDeleteAfter, shortestDelay)) {
    problems.push("autoDeleteAfter must be at least 1 ms")
  }
  if (
    autoArchiveAfter !== undefined && autoDeleteAfter !== undefined &&
    Duration.lessThan(autoDeleteAfter, autoArchiveAfter)
  ) {
    problems.push("autoDeleteAfter must not be shorter than autoArchiveAfter: the session would never be archived")
  }
  return problems
}

const shortestDelay = Duration.millis(1)

const validateFields = Schema.validateEither(SessionConfig)

const check = (config: SessionConfig): Either.Either<SessionConfig, InvalidRequest> =>
  Either.mapLeft(validateFields(config), (error) => InvalidRequest.fromParseError(error))

/**
 * Applies a JSON Merge Patch (RFC 7396) to `providerConfig` and replaces `fallbacks`. Fails with `InvalidRequest` when the result
 * exceeds a limit of `SessionConfig`.
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
 * Merges two configurations: fields of `over` win, tags are united, and free-form settings are merged key by key. Fails with
 * `InvalidRequest` when the result exceeds a limit of `SessionConfig`.
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
