import * as Schema from "effect/Schema"
import { EmptyReply } from "./EmptyReply.js"
import { ProviderAuth } from "./ProviderAuth.js"
import { ProviderProtocol } from "./ProviderProtocol.js"
import { ProviderQuota } from "./ProviderQuota.js"
import { ProviderRejected } from "./ProviderRejected.js"
import { ProviderTransient } from "./ProviderTransient.js"

/**
 * All the ways a provider can fail, by what is to be done about it.
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
