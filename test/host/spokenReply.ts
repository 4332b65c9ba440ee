import { Deferred, Effect, Mailbox, Stream } from "effect"
import type { FinishReason } from "../../src/domain/Message.js"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import { ProviderEvent } from "../../src/services/Provider.js"

/**
 * A reply that the test controls with `say` and `finish`. `asked` waits until the provider was called; `closed` until
 * the call has ended.
 */
export const spokenReply = Effect.gen(function*() {
  const events = yield* Mailbox.make<ProviderEvent>()
  const called = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<void>()
  const reply: MockReply = () =>
    Stream.fromEffect(Deferred.succeed(called, undefined)).pipe(
      Stream.drain,
      Stream.concat(Mailbox.toStream(events)),
      Stream.ensuring(Deferred.succeed(ended, undefined))
    )
  return {
    reply,
    asked: Deferred.await(called),
    closed: Deferred.await(ended),
    say: (text: string) => events.offer(ProviderEvent.TextDelta({ text })),
    finish: (reason: Exclude<FinishReason, "cut"> = "complete") =>
      Effect.zipRight(events.offer(ProviderEvent.Finished({ reason })), events.end)
  }
})
