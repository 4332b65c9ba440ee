import { Effect } from "effect"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"

/** Has the mock reply so, one call after the other. */
export const script = (...replies: ReadonlyArray<MockReply>) =>
  Effect.flatMap(MockProvider, (mock) => mock.script(replies))

/** What the provider was shown, call by call. */
export const shown = Effect.map(
  Effect.flatMap(MockProvider, (mock) => mock.requests),
  (requests) => requests.map(({ messages }) => messages.map(({ text }) => text))
)
