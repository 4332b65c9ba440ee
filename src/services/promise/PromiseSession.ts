import type * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Stream from "effect/Stream"
import type { Session } from "../Session.js"
import type { SessionManager } from "../SessionManager.js"

/**
 * Options of a call.
 */
export interface CallOptions {
  /**
   * Stops waiting or reading: the promise rejects with the signal's reason. As when a connection breaks, a turn continues,
   * unless it was sent with `stopOnDisconnect`.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * A service with promises in place of effects and async iterables in place of streams, in arguments too. Other members stay as
 * they are.
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
 * `Session` without Effect: each effect is a function that returns a promise, and each stream an async iterable. Promises reject
 * with the error itself.
 */
export interface PromiseSession extends Promised<Session> {}

/**
 * `SessionManager` without Effect, in process and over the wire.
 */
export interface PromiseSessionManager extends Promised<SessionManager["Type"]> {
  /**
   * Refuses new calls, waits for running ones within the drain timeout, and releases all resources. Calling it again waits for
   * the same close. Later calls, and calls that did not end in time, reject with `ShuttingDown`. Without `close`, nothing that
   * was acknowledged is lost, but the process does not exit by itself.
   */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * The latest session of a user that accepts messages, or a new one. Default: provider `mock`, model `mock-model`.
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
 * Uses a session, and archives it when `use` throws, so that it cannot be continued by mistake. The error is thrown again, even
 * when archiving fails.
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
