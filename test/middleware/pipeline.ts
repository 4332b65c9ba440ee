import { Effect, Layer } from "effect"
import { initial } from "../../src/domain/SessionContext.js"
import type { Prompt } from "../../src/domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import type { Reply } from "../../src/services/Reply.js"
import { now, session, sessionId } from "../domain/conversation.js"

export const context: MiddlewareContext = { session, context: initial(sessionId, now) }
export const prompt = (text: string): Prompt => ({ parts: [{ _tag: "Text", text }], metadata: {} })
export const reply = (text: string): Reply => ({
  parts: [{ _tag: "Text", text }],
  finishReason: "complete",
  metadata: {},
  usage: { inputTokens: 1, outputTokens: 1 }
})

export const pipeline = <A, E>(
  use: (pipeline: MiddlewarePipeline["Type"]) => Effect.Effect<A, E>,
  ...middlewares: ReadonlyArray<Middleware>
) => Effect.provide(Effect.flatMap(MiddlewarePipeline, use), Layer.orDie(MiddlewarePipeline.layer(...middlewares)))

export const admit = (...middlewares: ReadonlyArray<Middleware>) =>
  pipeline(({ admission }) => admission(prompt("Hello"), context), ...middlewares)

export const appending = (name: string, more: Partial<Middleware> = {}): Middleware => ({
  name,
  admission: ({ metadata, parts }) => Effect.succeed({ metadata, parts: [...parts, { _tag: "Text", text: name }] }),
  ...more
})

export const textsOf = ({ parts }: Pick<Prompt, "parts">) =>
  parts.map((part) => (part._tag === "Text" ? part.text : part._tag))
