import * as Schema from "effect/Schema"
import { errorFields } from "./RequestError.js"

/**
 * The provider finished without any content.
 */
export class EmptyReply extends Schema.TaggedError<EmptyReply>()("EmptyReply", {
  ...errorFields("empty_reply"),
  provider: Schema.String
}) {
  override get message(): string {
    return `${this.provider} sent an empty reply`
  }
}

/**
 * The provider refuses the credentials (HTTP 401, 403). Never retried.
 */
export class ProviderAuth extends Schema.TaggedError<ProviderAuth>()("ProviderAuth", {
  ...errorFields("provider_auth"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} refused the credentials; check its API key: ${this.reason}`
  }
}

/**
 * The provider's stream broke off or was malformed. The part that had arrived is kept as a cut reply.
 */
export class ProviderProtocol extends Schema.TaggedError<ProviderProtocol>()("ProviderProtocol", {
  ...errorFields("provider_protocol"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} broke off its reply: ${this.reason}`
  }
}

/**
 * The account's quota or balance is used up (HTTP 402, some 429). Never retried.
 */
export class ProviderQuota extends Schema.TaggedError<ProviderQuota>()("ProviderQuota", {
  ...errorFields("provider_quota"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} reports a used-up quota: ${this.reason}`
  }
}

/**
 * The provider refuses the request as it is (HTTP 400, 404, 413, 422). Never retried.
 */
export class ProviderRejected extends Schema.TaggedError<ProviderRejected>()("ProviderRejected", {
  ...errorFields("provider_rejected"),
  provider: Schema.String,
  reason: Schema.String,
  /** The request exceeds the model's context window. */
  overflow: Schema.optionalWith(Schema.Literal(true), { exact: true })
}) {
  override get message(): string {
    return `${this.provider} rejected the request: ${this.reason}`
  }
}

/**
 * The provider is overloaded or cannot be reached (HTTP 408, 409, 429, 5xx), and has not started to answer. The call is retried as
 * long as no part of the reply has arrived.
 */
export class ProviderTransient extends Schema.TaggedError<ProviderTransient>()("ProviderTransient", {
  ...errorFields("provider_transient"),
  provider: Schema.String,
  reason: Schema.String,
  /** Minimum wait in milliseconds, if the provider sent one. */
  retryAfterMs: Schema.optionalWith(Schema.NonNegative, { exact: true })
}) {
  override get message(): string {
    return `${this.provider} is temporarily unavailable; try again: ${this.reason}`
  }
}

/**
 * The ways in which a provider can fail, by the reaction they need.
 */
export const ProviderError = Schema.Union(
  EmptyReply,
  ProviderAuth,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
)
export type ProviderError = typeof ProviderError.Type
