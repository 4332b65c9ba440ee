import { Effect, Fiber } from "effect"
import { Message } from "../../src/domain/Message.js"
import type { MiddlewareSkipped } from "../../src/domain/Turn.js"
import { type Middleware, MiddlewareRefusal } from "../../src/services/Middleware.js"
import { untyped } from "./untyped.js"

type Stage = MiddlewareSkipped["stage"]

/** A fault at a stage, and the recorded reason when it is skipped. */
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

/** Faults of any stage. */
const anywhere: ReadonlyArray<
  readonly [string, (asked: unknown) => Effect.Effect<never, MiddlewareRefusal>, MiddlewareSkipped["reason"]]
> = [
  ["refuses", () => new MiddlewareRefusal({ reason: "no" }), "refused"],
  ["fails with another error", () => untyped(Effect.fail("no")), "failed"],
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
  ["returns undefined", answering(() => undefined), "wrongAnswer"],
  ["returns its input instead of an effect", (asked) => untyped(asked), "failed"],
  ["returns a promise", (asked) => untyped(Promise.resolve(asked)), "failed"],
  ["mutates its input", answering((asked) => Object.assign(asked, { parts: [], messages: [] })), "failed"]
]

const remade = (
  [message]: ReadonlyArray<Message>,
  change: object
) => [new Message(untyped({ ...message, ...change }), true)]

/** Return values that are too large. */
const tooLarge = [
  ["returns 100 MB", { parts: many(400, huge(250_000)) }],
  ["returns one text of 100 MB", { parts: [huge(100_000_000)] }]
] as const

const changedMessage = (change: object): NonNullable<Middleware["turn"]> => (request) =>
  Effect.sync(() => ({ ...request, messages: remade(request.messages, change) }))

/** Return values of a turn stage that belong to something else. */
const anothers: ReadonlyArray<readonly [string, NonNullable<Middleware["turn"]>]> = [
  ["returns another session", (request) => Effect.succeed({ ...request, sessionId: untyped("another") })],
  ["returns another turn", (request) => Effect.succeed({ ...request, turnId: untyped("another") })],
  ["returns a message of another session", changedMessage({ sessionId: "another" })],
  ["returns an unknown role", changedMessage({ role: "root" })]
]

export const stageFaults: ReadonlyArray<StageFault> = [
  ...anywhere.flatMap(([does, fault, recorded]): ReadonlyArray<StageFault> => [
    ["admission", does, { admission: fault }, recorded],
    ["turn", does, { turn: fault }, recorded],
    ["reply", does, { reply: fault }, recorded]
  ]),
  ...tooLarge.flatMap(([does, change]): ReadonlyArray<StageFault> => {
    const enlarging = answering((asked) => ({ ...asked, ...change }))
    return [
      ["admission", does, { admission: enlarging }, "wrongAnswer"],
      ["turn", does, { turn: changedMessage(change) }, "wrongAnswer"],
      ["reply", does, { reply: enlarging }, "wrongAnswer"]
    ]
  }),
  ...anothers.map(([does, turn]): StageFault => ["turn", does, { turn }, "wrongAnswer"])
]
