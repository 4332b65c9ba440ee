import * as Effect from "effect/Effect"
import type { SessionEvent } from "../domain/Events.js"
import type { Hook } from "../services/Hook.js"
import { type Middleware, MiddlewareRefusal } from "../services/Middleware.js"

// An async function may throw anything.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * A hook that may be an async function. `signal` is aborted when the hook's timeout expires.
 */
export interface HookDefinition extends Omit<Hook, "on"> {
  readonly on: (event: SessionEvent, signal: AbortSignal) => unknown
}

/**
 * Makes a `Hook` from an async function. An error that it throws is a failure: the event is retried.
 */
export const defineHook = ({ on, ...definition }: HookDefinition): Hook => ({
  ...definition,
  on: (event) =>
    Effect.tryPromise({ try: async (signal) => ({ done: await on(event, signal) }), catch: (error) => error }).pipe(
      Effect.flatMap(({ done }) => (isEffect(done) ? Effect.asVoid(done) : Effect.void))
    )
})

/** A stage that may return its result, a promise of it, or an effect. */
type Stage<Member> = Member extends (input: infer Input, context: infer Context) => Effect.Effect<infer A, infer E>
  ? (input: Input, context: Context, signal: AbortSignal) => A | Promise<A> | Effect.Effect<A, E>
  : Member

type StageName = "admission" | "ended" | "onError" | "reply" | "turn"

/**
 * A middleware whose stages may be async functions. To refuse, call `refuse`, which throws a `MiddlewareRefusal`; any other
 * error is a failure of the middleware. `signal` is aborted when the stage's result is no longer needed.
 */
export type MiddlewareDefinition = {
  readonly [Key in keyof Middleware]: Key extends StageName ? Stage<NonNullable<Middleware[Key]>> : Middleware[Key]
}

/**
 * Makes a `Middleware` from async functions.
 */
export const defineMiddleware = (
  { admission, ended, onError, reply, turn, ...definition }: MiddlewareDefinition
): Middleware => ({
  ...definition,
  ...(admission && {
    admission: (prompt, context) => toEffect((signal) => admission(prompt, context, signal))
  }),
  ...(turn && { turn: (request, context) => toEffect((signal) => turn(request, context, signal)) }),
  ...(reply && { reply: (answer, context) => toEffect((signal) => reply(answer, context, signal)) }),
  ...(ended && {
    ended: (turn, context) => Effect.orDie(toEffect((signal) => ended(turn, context, signal)))
  }),
  ...(onError && {
    onError: (error, context) => Effect.orDie(toEffect((signal) => onError(error, context, signal)))
  })
})

/**
 * Refuses what a middleware stage received. The sender sees `reason`.
 */
export const refuse = (reason: string): never => {
  throw new MiddlewareRefusal({ reason })
}

const toEffect = <A>(
  stage: (signal: AbortSignal) => A | Promise<A> | Effect.Effect<A, MiddlewareRefusal>
): Effect.Effect<A, MiddlewareRefusal> =>
  Effect.tryPromise({ try: async (signal) => ({ answer: await stage(signal) }), catch: (error) => error }).pipe(
    Effect.catchAll((error) => (error instanceof MiddlewareRefusal ? Effect.fail(error) : Effect.die(error))),
    Effect.flatMap(({ answer }) => (Effect.isEffect(answer) ? answer : Effect.succeed(answer)))
  )

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)
