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
 * What is seen of one turn, from its acceptance to its end.
 */
export interface TurnTrace {
  /** Has all that happens in it belong to the turn. */
  readonly withSpan: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Only the first call counts. */
  readonly end: (exit: Exit.Exit<unknown, SessionError>) => void
}

/**
 * What a host is doing at one moment.
 */
export interface HostLoad {
  readonly activeSessions: number
  readonly openTurns: number
  /** Commands that wait in all mailboxes, those under way included. */
  readonly waitingCommands: number
}

/**
 * How the turns of a host are seen from outside. It is here rather than around the services, because a turn passes from fiber
 * to fiber, and what is committed for it in the mailbox has to be known as its own. It costs next to nothing unless a layer
 * puts something in its place: a span costs 13 microseconds, and a turn has several.
 */
export interface Instrumentation {
  readonly store: (store: SessionStore["Type"]) => SessionStore["Type"]
  /** A command of a mailbox that belongs to whoever asks for it now. */
  readonly propagate: <A, E>(command: Effect.Effect<A, E>) => Effect.Effect<Effect.Effect<A, E>>
  /** A turn is about to be stored, or was found in the store. */
  readonly turn: (turn: Turn, session: SessionInfo) => Effect.Effect<TurnTrace>
  /** A provider call; when it is over, `asked` has what became of it. */
  readonly call: <A, E>(
    target: Target,
    request: Pick<ProviderRequest, "messages" | "sessionId" | "turnId">,
    asked: CallProgress,
    call: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  readonly middleware: <A, E>(
    name: string,
    stage: MiddlewareError["stage"],
    step: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  /** A host runs, until the scope closes. */
  readonly host: (load: () => HostLoad) => Effect.Effect<void, never, Scope.Scope>
}

const nobody: TurnTrace = { withSpan: identity, end: () => {} }

/**
 * What those who build hosts and pipelines take. Nobody looks unless told.
 */
export class CurrentInstrumentation extends Context.Reference<CurrentInstrumentation>()(
  "langswarm-session/services/internal/Instrumentation",
  {
    defaultValue: (): Instrumentation => ({
      store: identity,
      propagate: Effect.succeed,
      turn: () => Effect.succeed(nobody),
      call: (_target, _request, _asked, call) => call,
      middleware: (_name, _stage, step) => step,
      host: () => Effect.void
    })
  }
) {}

/**
 * Effect makes an event of the current span of each line of a log. A defect may quote what people said, and a log is kept
 * where its owner wants it, while a span goes to others: so such a line is for the log alone.
 */
export const withoutSpanEvents = <A, E, R>(log: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locallyWith(log, FiberRef.currentLoggers, HashSet.remove(Logger.tracerLogger))
