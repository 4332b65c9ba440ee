import { Effect, Stream } from "effect"
import { type Provider, ProviderEvent } from "langswarm-session/provider"

/**
 * A provider that replies immediately, so that benchmarks measure the runtime.
 */
export const instantProvider = (reply: string): Provider => ({
  name: "instant",
  capabilities: { conversation: "stateless", images: [], files: [], tools: false },
  open: () =>
    Effect.succeed({
      respond: () =>
        Stream.make(ProviderEvent.TextDelta({ text: reply }), ProviderEvent.Finished({ reason: "complete" }))
    })
})
