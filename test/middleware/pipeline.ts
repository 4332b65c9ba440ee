import { Effect, Layer } from "effect"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import type { Prompt } from "../../src/domain/Turn.js"
import type { Middleware, MiddlewareContext, TurnMiddleware } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import type { Reply } from "../../src/services/Provider.js"
import { now, session, sessionId } from "../domain/conversation.js"

export const context: MiddlewareContext = { session, context: makeSessionContext(sessionId, now) }
export const prompt = (text: string): Prompt => ({ parts: [{ _tag: "Text", text }], metadata: {} })
export const reply = (text: string): Reply => ({
  parts: [{ _tag: "Text", text }],
  finishReason: "complete",
  metadata: {},
  usage: { inputTokens: 1, outputTokens: 1 }
})

export const pipeline = <A, E>(
  use: (pipeline: Pick<MiddlewarePipeline["Type"], "admission"> & EachStage) => Effect.Effect<A, E>,
  ...middlewares: ReadonlyArray<Middleware>
) =>
  Effect.provide(
    Effect.flatMap(MiddlewarePipeline, (pipeline) => use(eachStage(pipeline))),
    Layer.orDie(MiddlewarePipeline.layer(...middlewares))
  )

interface EachStage {
  readonly turn: TurnMiddleware["turn"]
  readonly reply: TurnMiddleware["reply"]
  readonly mayStream: (context: MiddlewareContext) => boolean
  readonly hasTurnStage: (context: MiddlewareContext) => boolean
}

/** Runs each stage alone, for a turn that starts there. */
export const eachStage = (
  pipeline: MiddlewarePipeline["Type"]
): Pick<MiddlewarePipeline["Type"], "admission"> & EachStage => ({
  ...pipeline,
  turn: (request, context, onSkip) => pipeline.begin(context).turn(request, context, onSkip),
  reply: (reply, context, onSkip) => pipeline.begin(context).reply(reply, context, onSkip),
  mayStream: (context) => pipeline.begin(context).mayStream,
  hasTurnStage: (context) => pipeline.begin(context).hasTurnStage
})

export const add = (...added: Parameters<MiddlewarePipeline["Type"]["add"]>) =>
  Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(...added))

export const admit = (...middlewares: ReadonlyArray<Middleware>) =>
  pipeline(({ admission }) => admission(prompt("Hello"), context), ...middlewares)

export const appending = (name: string, more: Partial<Middleware> = {}): Middleware => ({
  name,
  admission: ({ metadata, parts }) => Effect.succeed({ metadata, parts: [...parts, { _tag: "Text", text: name }] }),
  ...more
})

/** Marks replies in their metadata. */
export const marking = (name: string, more: Partial<Middleware> = {}): Middleware => ({
  name,
  reply: (reply) => Effect.succeed({ ...reply, metadata: { ...reply.metadata, [name]: true } }),
  ...more
})

export const textsOf = ({ parts }: Pick<Prompt, "parts">) =>
  parts.map((part) => (part._tag === "Text" ? part.text : part._tag))
