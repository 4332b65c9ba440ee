import { Effect, Fiber } from "effect"
import { Message } from "../../src/domain/Message.js"
import type { MiddlewareSkipped } from "../../src/domain/MiddlewareSkipped.js"
import type { Middleware } from "../../src/services/Middleware.js"
import { MiddlewareRefusal } from "../../src/services/MiddlewareRefusal.js"
import { untyped } from "./untyped.js"

type Stage = MiddlewareSkipped["stage"]

/** Something that goes wrong at a stage, and how a skip of it is recorded. */
export type StageFault = readonly [
  stage: Stage,
  does: string,
  fault: Pick<Middleware, Stage>,
  recorded: MiddlewareSkipped["reason"]
]

const many = <A>(count: number, one: A) => Array.from({ length: count }, () => one)
const huge = (length: number) => ({ _tag: "Text", text: "x".repeat(length) })
const answering = (answer: (asked: object) => unknown) => (asked: unknown): Effect.Effect<never> =>
  untyped(Effect.sync(() => answer(untyped(asked))))

/** What may go wrong anywhere. */
const anywhere: ReadonlyArray<
  readonly [string, (asked: unknown) => Effect.Effect<never, MiddlewareRefusal>, MiddlewareSkipped["reason"]]
> = [
  ["refuses", () => new MiddlewareRefusal({ reason: "no" }), "refused"],
  ["fails with something else", () => untyped(Effect.fail("no")), "failed"],
  ["throws", () => {
    throw new Error("broken")
  }, "failed"],
  ["dies", () => Effect.die(new Error("broken")), "failed"],
  ["hangs", () => Effect.never, "timedOut"],
  ["hangs and cannot be interrupted", () => Effect.uninterruptible(Effect.never), "timedOut"],
  ["interrupts itself", () => Effect.interrupt, "failed"],
  [
    "interrupts its own fiber",
    () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never)),
    "failed"
  ],
  ["answers undefined", answering(() => undefined), "wrongAnswer"],
  ["answers with what it got, and no effect", (asked) => untyped(asked), "failed"],
  ["answers with a promise", (asked) => untyped(Promise.resolve(asked)), "failed"],
  ["changes what it got", answering((asked) => Object.assign(asked, { parts: [], messages: [] })), "failed"]
]

const remade = (
  [message]: ReadonlyArray<Message>,
  change: object
) => [new Message(untyped({ ...message, ...change }), true)]

/** What a stage must not answer. */
const wrongAnswers: ReadonlyArray<readonly [string, Pick<Middleware, Stage>]> = [
  ["answers 100 MB", {
    admission: answering((prompt) => ({ ...prompt, parts: many(400, huge(250_000)) })),
    turn: (request) =>
      Effect.sync(() => ({ ...request, messages: remade(request.messages, { parts: many(400, huge(250_000)) }) })),
    reply: answering((reply) => ({ ...reply, parts: many(400, huge(250_000)) }))
  }],
  ["answers one text of 100 MB", {
    admission: answering((prompt) => ({ ...prompt, parts: [huge(100_000_000)] })),
    turn: (request) =>
      Effect.sync(() => ({ ...request, messages: remade(request.messages, { parts: [huge(100_000_000)] }) })),
    reply: answering((reply) => ({ ...reply, parts: [huge(100_000_000)] }))
  }],
  ["answers for another session", {
    turn: (request) => Effect.succeed({ ...request, sessionId: untyped("another") })
  }],
  ["answers for another turn", {
    turn: (request) => Effect.succeed({ ...request, turnId: untyped("another") })
  }],
  ["answers with a message of another session", {
    turn: (request) => Effect.sync(() => ({ ...request, messages: remade(request.messages, { sessionId: "another" }) }))
  }],
  ["answers with a role that does not exist", {
    turn: (request) => Effect.sync(() => ({ ...request, messages: remade(request.messages, { role: "root" }) }))
  }]
]

export const stageFaults: ReadonlyArray<StageFault> = [
  ...anywhere.flatMap(([does, fault, recorded]): ReadonlyArray<StageFault> => [
    ["admission", does, { admission: fault }, recorded],
    ["turn", does, { turn: fault }, recorded],
    ["reply", does, { reply: fault }, recorded]
  ]),
  ...wrongAnswers.flatMap(([does, { admission, reply, turn }]): ReadonlyArray<StageFault> => [
    ...(admission === undefined ? [] : [["admission", does, { admission }, "wrongAnswer"] as const]),
    ...(turn === undefined ? [] : [["turn", does, { turn }, "wrongAnswer"] as const]),
    ...(reply === undefined ? [] : [["reply", does, { reply }, "wrongAnswer"] as const])
  ])
]
