import { Effect } from "effect"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"

/** Scripts the mock's replies, one per call. */
export const script = (...replies: ReadonlyArray<MockReply>) =>
  Effect.flatMap(MockProvider, (mock) => mock.script(replies))

/** Texts of the messages that the provider received, for each call. */
export const shown = Effect.map(
  Effect.flatMap(MockProvider, (mock) => mock.requests),
  (requests) => requests.map(({ messages }) => messages.map(({ text }) => text))
)
