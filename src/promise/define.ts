import * as Effect from "effect/Effect"
import type { SessionEvent } from "../domain/Events.js"
import type { Hook } from "../services/Hook.js"
import { type Middleware, MiddlewareRefusal } from "../services/Middleware.js"

// An async function may throw anything.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * A hook that may be an async function. `signal` is aborted when its time is up.
 */
export interface HookDefinition extends Omit<Hook, "on"> {
  readonly on: (event: SessionEvent, signal: AbortSignal) => unknown
}

/**
 * Makes a `Hook` of an async function. What it throws is a failure: the event is tried again.
 */
export const defineHook = ({ on, ...definition }: HookDefinition): Hook => ({
  ...definition,
  on: (event) =>
    Effect.tryPromise({ try: async (signal) => ({ done: await on(event, signal) }), catch: (error) => error }).pipe(
      Effect.flatMap(({ done }) => (isEffect(done) ? Effect.asVoid(done) : Effect.void))
    )
})

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)

// An async function may throw anything.
// @effect-diagnostics anyUnknownInErrorContext:off

/** What a stage answers: the value, a promise of it, or an effect. */
type Stage<Member> = Member extends (input: infer Input, context: infer Context) => Effect.Effect<infer A, infer E>
  ? (input: Input, context: Context, signal: AbortSignal) => A | Promise<A> | Effect.Effect<A, E>
  : Member

type StageName = "admission" | "ended" | "onError" | "reply" | "turn"

/**
 * A middleware whose stages may be async functions. To refuse, throw a `MiddlewareRefusal`, as `refuse` does; anything else
 * that is thrown counts as a failure of the middleware. `signal` is aborted when the answer is no longer waited for.
 */
export type MiddlewareDefinition = {
  readonly [Key in keyof Middleware]: Key extends StageName ? Stage<NonNullable<Middleware[Key]>> : Middleware[Key]
}

/**
 * Makes a `Middleware` of async functions.
 */
export const defineMiddleware = (
  { admission, ended, onError, reply, turn, ...definition }: MiddlewareDefinition
): Middleware => ({
  ...definition,
  ...(admission && {
    admission: (prompt, context) => refusing((signal) => admission(prompt, context, signal))
  }),
  ...(turn && { turn: (request, context) => refusing((signal) => turn(request, context, signal)) }),
  ...(reply && { reply: (answer, context) => refusing((signal) => reply(answer, context, signal)) }),
  ...(ended && {
    ended: (turn, context) => Effect.orDie(refusing((signal) => ended(turn, context, signal)))
  }),
  ...(onError && {
    onError: (error, context) => Effect.orDie(refusing((signal) => onError(error, context, signal)))
  })
})

const refusing = <A>(
  stage: (signal: AbortSignal) => A | Promise<A> | Effect.Effect<A, MiddlewareRefusal>
): Effect.Effect<A, MiddlewareRefusal> =>
  Effect.tryPromise({ try: async (signal) => ({ answer: await stage(signal) }), catch: (error) => error }).pipe(
    Effect.catchAll((error) => (error instanceof MiddlewareRefusal ? Effect.fail(error) : Effect.die(error))),
    Effect.flatMap(({ answer }) => (Effect.isEffect(answer) ? answer : Effect.succeed(answer)))
  )

/**
 * Has a middleware refuse what it was given. `reason` is shown to the sender.
 */
export const refuse = (reason: string): never => {
  throw new MiddlewareRefusal({ reason })
}
