import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { Provider, ProviderSession } from "../../Provider.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"
import { providerRetries } from "./resilience.js"
import { type Target, toProviderConfig } from "./targets.js"

/**
 * A session's conversations with its providers. Each is opened on first use and kept until `close`.
 */
export interface Conversations {
  readonly get: (target: Target) => Effect.Effect<Conversation, ConfigurationError | ProviderError>
  /** Closes all. `get` opens them again, with the current configuration. */
  readonly close: Effect.Effect<void>
}

export const makeConversations = (providers: ProviderRegistry["Type"], sessionId: SessionId): Conversations => {
  const open = new Map<number, { readonly conversation: Conversation; readonly scope: Scope.CloseableScope }>()

  const openWith = Effect.fnUntraced(function*(target: Target) {
    const provider = yield* providers.get(target.provider)
    const scope = yield* Scope.make()
    const session = yield* provider
      .open({ sessionId, model: target.model, config: toProviderConfig(provider, target) })
      .pipe(Scope.extend(scope), Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
    const conversation = { provider, session, omitted: new Set<string>() }
    open.set(target.index, { conversation, scope })
    return conversation
  })

  return {
    get: (target) =>
      Effect.suspend(() => {
        const opened = open.get(target.index)
        return opened ? Effect.succeed(opened.conversation) : openWith(target)
      }),
    close: Effect.suspend(() => {
      const all = [...open.values()]
      open.clear()
      return Effect.forEach(all, ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
    })
  }
}

/**
 * A session's conversation with one of its providers.
 */
export interface Conversation {
  readonly provider: Provider
  readonly session: ProviderSession
  /** Kinds of parts omitted so far, each of which was reported once. */
  readonly omitted: Set<string>
}

/**
 * Deletes a provider's copy of a conversation. Returns whether it was deleted; failures are logged.
 */
export const forgetConversation = (
  providers: ProviderRegistry["Type"],
  { provider: name, value }: ProviderCursor
): Effect.Effect<boolean> =>
  Effect.flatMap(
    providers.get(name),
    (provider) =>
      provider.forget === undefined ? Effect.succeed(false) : Effect.as(
        Effect.retry(provider.forget(value), {
          schedule: retries,
          while: ({ _tag }) => _tag === "ProviderTransient"
        }),
        true
      )
  ).pipe(
    Effect.catchAllCause((cause) =>
      Effect.as(
        Effect.annotateLogs(Effect.logWarning("A provider did not delete its copy of a conversation", cause), {
          provider: name,
          conversation: value
        }),
        false
      )
    )
  )

const retries = providerRetries(5)
