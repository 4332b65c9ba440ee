import type * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Stream from "effect/Stream"
import type { Session } from "../Session.js"
import type { SessionManager } from "../SessionManager.js"

/**
 * How a call is made.
 */
export interface CallOptions {
  /**
   * Stops waiting, or reading: the promise rejects with the signal's reason. What becomes of a turn is the same as when a
   * connection is lost: it goes on, unless it was sent with `stopOnDisconnect`.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * Something made of effects and streams, as something made of promises and async iterables. What is neither stays as it is. A call that takes a
 * stream takes an async iterable in its place.
 */
export type Promised<Service> = { readonly [Key in keyof Service]: PromisedMember<Service[Key]> }

type PromisedMember<Member> = Member extends (...args: infer Args) => infer Result
  ? Result extends Answer ? (...args: [...PromisedArgs<Args>, options?: CallOptions]) => PromisedAnswer<Result>
  : (...args: Args) => PromisedValue<Result>
  : Member extends Answer ? (options?: CallOptions) => PromisedAnswer<Member>
  : Member

type PromisedArgs<Args extends ReadonlyArray<unknown>> = { [Key in keyof Args]: PromisedArg<Args[Key]> }

type PromisedArg<Arg> = Arg extends Stream.Stream<infer A, infer _E, infer _R> ? AsyncIterable<A> : Arg

type Answer = Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>

type PromisedAnswer<Result> = Result extends Effect.Effect<infer A, infer _E, infer _R> ? Promise<PromisedValue<A>>
  : Result extends Stream.Stream<infer A, infer _E, infer _R> ? AsyncIterableIterator<A>
  : never

type PromisedValue<A> = A extends Session ? PromiseSession : A

/**
 * `Session` for those who do not write Effect: each effect is a function that returns a promise, and each stream an async
 * iterable. A promise that rejects does so with the error itself.
 */
export interface PromiseSession extends Promised<Session> {}

/**
 * `SessionManager` for those who do not write Effect, in process and over the wire.
 */
export interface PromiseSessionManager extends Promised<SessionManager["Type"]> {
  /**
   * Takes no more calls, lets those that run come to their end within the drain timeout, and lets go of all there is; closing
   * it again waits for the same. Calls that come later, and those that were not through, reject with `ShuttingDown`. A
   * process that ends without it loses nothing that was acknowledged, but does not end by itself.
   */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * `getOrCreate` of a manager, with the mock provider unless told.
 */
export const getOrCreateSession = (
  manager: PromiseSessionManager,
  { model = "mock-model", provider = "mock", userId }: {
    readonly userId: string
    readonly provider?: string
    readonly model?: string
  }
): Promise<PromiseSession> => manager.getOrCreate({ userId, provider, model })

/**
 * Uses a session, and archives it when that fails, so that nobody goes on with it. What was thrown is thrown again, also when
 * the session cannot be archived.
 */
export const withSession = async <A>(
  session: PromiseSession,
  use: (session: PromiseSession) => A | Promise<A>
): Promise<A> => {
  try {
    return await use(session)
  } catch (error) {
    await session.archive().catch(constVoid)
    throw error
  }
}
