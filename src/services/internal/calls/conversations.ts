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
import { configOf, type Target } from "./targets.js"

const retries = providerRetries(5)

/**
 * Has a provider remove its own copy of a conversation. Answers whether it did; what cannot be removed is in the log.
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
        Effect.annotateLogs(Effect.logWarning("A provider still holds a conversation that is over", cause), {
          provider: name,
          conversation: value
        }),
        false
      )
    )
  )

/**
 * A session's conversation with one of its providers.
 */
export interface Conversation {
  readonly provider: Provider
  readonly session: ProviderSession
  /** Kinds of parts that it was not shown, as far as somebody was told of that. */
  readonly omitted: Set<string>
}

/**
 * A session's conversations with its providers: each is opened by the first turn that needs it, and kept until `close`.
 */
export interface Conversations {
  readonly get: (target: Target) => Effect.Effect<Conversation, ConfigurationError | ProviderError>
  /** They may be opened again afterwards, with whatever has changed. */
  readonly close: Effect.Effect<void>
}

export const makeConversations = (providers: ProviderRegistry["Type"], sessionId: SessionId): Conversations => {
  const open = new Map<number, { readonly conversation: Conversation; readonly scope: Scope.CloseableScope }>()

  const openWith = Effect.fnUntraced(function*(target: Target) {
    const provider = yield* providers.get(target.provider)
    const scope = yield* Scope.make()
    const session = yield* provider
      .open({ sessionId, model: target.model, config: configOf(provider, target) })
      .pipe(Scope.extend(scope), Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
    const conversation = { provider, session, omitted: new Set<string>() }
    open.set(target.place, { conversation, scope })
    return conversation
  })

  return {
    get: (target) =>
      Effect.suspend(() => {
        const known = open.get(target.place)
        return known ? Effect.succeed(known.conversation) : openWith(target)
      }),
    close: Effect.suspend(() => {
      const all = [...open.values()]
      open.clear()
      return Effect.forEach(all, ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
    })
  }
}
