import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import type { ProviderSession } from "../../Provider.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"

/**
 * A session's conversation with its provider: opened by the first turn that needs it, kept until `close`.
 */
export interface Conversation {
  readonly get: Effect.Effect<ProviderSession, TurnError>
  readonly close: Effect.Effect<void>
}

export const openConversation = (providers: ProviderRegistry["Type"], session: SessionInfo): Conversation => {
  let scope: Scope.CloseableScope | undefined
  let conversation: ProviderSession | undefined

  const open: Effect.Effect<ProviderSession, TurnError> = Effect.gen(function*() {
    const provider = yield* providers.get(session.provider)
    const opening = yield* Scope.make()
    const opened = yield* provider
      .open({ sessionId: session.id, model: session.model, config: session.config.providerConfig ?? {} })
      .pipe(Scope.extend(opening), Effect.onError((cause) => Scope.close(opening, Exit.failCause(cause))))
    scope = opening
    conversation = opened
    return opened
  })

  return {
    get: Effect.suspend(() => (conversation ? Effect.succeed(conversation) : open)),
    close: Effect.suspend(() => (scope ? Scope.close(scope, Exit.void) : Effect.void))
  }
}
