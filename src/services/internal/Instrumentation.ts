import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import type { SessionError } from "../../domain/error/SessionError.js"
import type { MiddlewareError } from "../../domain/error/TurnError.js"
import type { SessionInfo } from "../../domain/Session.js"
import type { Turn } from "../../domain/Turn.js"
import type { ProviderRequest } from "../Provider.js"
import type { SessionStore } from "../SessionStore.js"
import type { CallProgress } from "./calls/foldReply.js"
import type { Target } from "./calls/targets.js"

/**
 * The hooks by which telemetry sees the turns of a host. They exist because a turn passes from fiber to fiber, and its commits run
 * in the command queue, so a wrapper around the services could not attribute them. The default does nothing: a span costs 13
 * microseconds, and a turn has several.
 */
export interface Instrumentation {
  readonly store: (store: SessionStore["Type"]) => SessionStore["Type"]
  /** Makes a command run under the span of the caller that queues it. */
  readonly propagate: <A, E>(command: Effect.Effect<A, E>) => Effect.Effect<Effect.Effect<A, E>>
  /** Called when a turn is about to be stored, or was recovered from the store. */
  readonly turn: (turn: Turn, session: SessionInfo) => Effect.Effect<TurnTrace>
  /** Wraps a provider call. When the call ends, `progress` has its result. */
  readonly call: <A, E>(
    target: Target,
    request: Pick<ProviderRequest, "messages" | "sessionId" | "turnId">,
    progress: CallProgress,
    call: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  readonly middleware: <A, E>(
    name: string,
    stage: MiddlewareError["stage"],
    step: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  /** Called when a host starts. It runs until the scope closes. */
  readonly host: (load: () => HostLoad) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The trace of one turn, from its acceptance to its end.
 */
export interface TurnTrace {
  /** Makes the turn's span the parent of all spans in the effect. */
  readonly withSpan: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Ends the span. Later calls have no effect. */
  readonly end: (exit: Exit.Exit<unknown, SessionError>) => void
}

/**
 * What a host is doing at one moment.
 */
export interface HostLoad {
  readonly activeSessions: number
  readonly openTurns: number
  /** Commands in all command queues, running ones included. */
  readonly waitingCommands: number
}

const untraced: TurnTrace = { withSpan: identity, end: () => {} }

/**
 * The instrumentation of hosts and pipelines. `SessionTelemetry` replaces the default.
 */
export class CurrentInstrumentation extends Context.Reference<CurrentInstrumentation>()(
  "langswarm-session/services/internal/Instrumentation",
  {
    defaultValue: (): Instrumentation => ({
      store: identity,
      propagate: Effect.succeed,
      turn: () => Effect.succeed(untraced),
      call: (_target, _request, _progress, call) => call,
      middleware: (_name, _stage, step) => step,
      host: () => Effect.void
    })
  }
) {}

/**
 * Logs without a span event. Effect adds every log line to the current span, but a defect may quote the conversation, and spans
 * leave the process while logs stay with their owner.
 */
export const withoutSpanEvents = <A, E, R>(log: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locallyWith(log, FiberRef.currentLoggers, HashSet.remove(Logger.tracerLogger))
