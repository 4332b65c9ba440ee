import { Deferred, Effect, Stream } from "effect"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import { ProviderEvent } from "../../src/services/Provider.js"

/**
 * A reply of `text` that waits for `open`. `asked` waits until the provider was called; `closed` until the call has
 * ended.
 */
export const gatedReply = (text: string) =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const called = yield* Deferred.make<void>()
    const ended = yield* Deferred.make<void>()
    const reply: MockReply = () =>
      Stream.fromEffect(Deferred.succeed(called, undefined)).pipe(
        Stream.zipRight(Stream.fromEffect(Deferred.await(gate))),
        Stream.flatMap(() =>
          Stream.make(ProviderEvent.TextDelta({ text }), ProviderEvent.Finished({ reason: "complete" }))
        ),
        Stream.ensuring(Deferred.succeed(ended, undefined))
      )
    return {
      reply,
      open: Deferred.succeed(gate, undefined),
      asked: Deferred.await(called),
      closed: Deferred.await(ended)
    }
  })
