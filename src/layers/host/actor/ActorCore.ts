import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as MutableQueue from "effect/MutableQueue"
import * as Option from "effect/Option"
import type { DeadLetter } from "../../../domain/DeadLetter.js"
import { type ChangeError, type SessionNotFound, SessionUnavailable } from "../../../domain/error/SessionError.js"
import type { OwnershipLost, StoreError } from "../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId, TurnId } from "../../../domain/Ids.js"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import type { HookFailure } from "../../../services/Hook.js"
import { usageOf } from "../../../services/internal/usage.js"
import type { ActorServices } from "./ActorServices.js"
import type { SessionState, Transition } from "./SessionState.js"

/**
 * The core of an actor: its command queue, the last committed state, and `persist`, the only way to change it.
 */
export interface ActorCore {
  readonly id: SessionId
  /** The last committed state. For commands only: before the first one, nothing has been loaded. */
  readonly state: () => SessionState
  /** The last committed state, loaded first if necessary. */
  readonly current: Effect.Effect<SessionState, ChangeError>
  /** Commits, then updates the in-memory state, then publishes events. */
  readonly persist: (transition: Transition) => Effect.Effect<void, PersistFailure>
  /** Loads the state again, for changes that reach further back than the window. Returns the open turns. */
  readonly reload: Effect.Effect<ReadonlyArray<Turn>, PersistFailure>
  /**
   * Records that hooks have received this event, or failed it permanently. `after` is the number of the event before
   * it. Stored with the next commit.
   */
  readonly noteDelivered: (event: SessionEvent, after: number, failures: ReadonlyArray<HookFailure>) => void
  /** Number of the last event that hooks have received, whether it is the last event, and whether that is stored. */
  readonly delivery: () => { readonly upTo: number; readonly done: boolean; readonly stored: boolean }
  /**
   * Queues a command and returns its result. Interrupting the caller does not cancel the command. The command goes to
   * the command queue, or to `offer`.
   */
  readonly ask: <A, E = never>(
    body: Effect.Effect<A, E | PersistFailure>,
    offer?: (command: Command) => void
  ) => Effect.Effect<A, ChangeError | Exclude<E, PersistFailure>>
  /** Queues a command without waiting for its result. */
  readonly offer: (command: Command) => void
  /** Stops the actor: abandons all queued commands, and all that come later. */
  readonly stop: (reason: ChangeError) => Effect.Effect<void>
  /** Commands in the queue, the running one included. */
  readonly backlog: () => number
}

export const makeActorCore = (id: SessionId, services: ActorServices, life: ActorLife): ActorCore => {
  let state: SessionState | undefined
  let stopped: ChangeError | undefined
  let delivered = 0
  /** For events up to `delivered`, not stored yet. */
  let deadLetters: ReadonlyArray<DeadLetter> = []

  const read = Effect.suspend(() => services.store.open(id, services.limits.historyWindow)).pipe(
    Effect.mapError((error) => new PersistFailure({ error })),
    Effect.map(({ openTurns, ...snapshot }) => {
      delivered = Math.max(delivered, snapshot.delivered)
      state = { ...snapshot, window: snapshot.window.filter((message) => message.finishReason !== "cut") }
      return openTurns
    })
  )

  const load = Effect.flatMap(read, life.loaded)

  const serve = (command: Command): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (stopped) return Effect.sync(() => command.abandon(stopped ?? unavailable("its actor has stopped; try again")))
      return (state ? command.run : Effect.zipRight(load, command.run)).pipe(
        Effect.zipRight(life.served),
        Effect.catchAllCause((cause) =>
          Effect.flatMap(explain(cause), (reason) => {
            command.abandon(reason)
            return Effect.zipRight(life.failed(reason), stop(reason))
          })
        )
      )
    })

  const unavailable = (reason: string) => new SessionUnavailable({ sessionId: id, reason })

  const explain = (cause: Cause.Cause<PersistFailure>): Effect.Effect<ChangeError> =>
    Either.match(Cause.failureOrCause(cause), {
      onLeft: ({ error }) => Effect.succeed(error),
      onRight: (cause) =>
        Effect.as(
          Effect.annotateLogs(Effect.logError("A session's actor failed with a defect", cause), { sessionId: id }),
          unavailable("its actor failed unexpectedly")
        )
    })

  const queue = makeCommandQueue(serve, services.forkDrain)

  const stop = (reason: ChangeError) =>
    Effect.suspend(() => {
      if (stopped) return Effect.void
      stopped = reason
      for (const command of queue.takeAll()) command.abandon(reason)
      return life.stopped(reason)
    })

  const loadedState = () => {
    if (!state) throw new Error("The state was read before it was loaded")
    return state
  }

  const ask = <A, E = never>(body: Effect.Effect<A, E | PersistFailure>, offer = queue.offer) =>
    Effect.flatMap(
      services.instrumentation.propagate(body),
      (body) =>
        Effect.async<A, ChangeError | Exclude<E, PersistFailure>>((resume) =>
          offer({
            run: Effect.matchEffect(body, {
              onSuccess: (value) => Effect.sync(() => resume(Effect.succeed(value))),
              onFailure: (error) =>
                error instanceof PersistFailure
                  ? Effect.fail(error)
                  : Effect.sync(() => resume(Effect.fail(error as Exclude<E, PersistFailure>)))
            }),
            abandon: (reason) => resume(Effect.fail(reason))
          })
        )
    )

  return {
    id,
    state: loadedState,
    current: Effect.suspend(() => (state ? Effect.succeed(state) : ask(Effect.sync(loadedState)))),
    persist: ({ changes, next }) =>
      Effect.suspend(() => {
        const deliveredNow = delivered
        const usage = usageOf(next.session, changes)
        const newDeadLetters = deadLetters
        const all = {
          ...changes,
          ...(usage.length > 0 && { usage }),
          ...(deliveredNow > next.delivered && {
            delivered: deliveredNow,
            ...(newDeadLetters.length > 0 && { deadLetters: newDeadLetters })
          })
        }
        return Effect.matchEffect(services.store.commit(id, next.epoch, all), {
          onFailure: (error) => new PersistFailure({ error }),
          onSuccess: () => {
            const { cursor } = loadedState().session
            state = { ...next, delivered: deliveredNow }
            deadLetters = deadLetters.slice(newDeadLetters.length)
            if (changes.cursor === null && cursor) services.forget(cursor)
            for (const turn of changes.turns ?? []) {
              if (isTerminal(turn.status)) notifyTurnEnded(services, state, turn.id, turn)
            }
            return changes.events ? life.committed(changes.events) : Effect.void
          }
        })
      }),
    reload: read,
    noteDelivered: ({ _tag, number }, after, failures) => {
      // After an event that was dropped, all that follow must be delivered again.
      if (after > delivered || number <= delivered) return
      delivered = number
      deadLetters = [...deadLetters, ...failures.map((failure) => ({ ...failure, sessionId: id, number, event: _tag }))]
    },
    delivery: () => {
      const { delivered: stored, lastEvent } = loadedState()
      return { upTo: delivered, done: delivered >= lastEvent, stored: delivered <= stored }
    },
    ask,
    offer: queue.offer,
    stop,
    backlog: queue.size
  }
}

/**
 * Callbacks of the actor's lifecycle.
 */
interface ActorLife {
  /** The session was loaded from the store. */
  readonly loaded: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** A change with these events was committed. */
  readonly committed: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void>
  /** A command was served. */
  readonly served: Effect.Effect<void, PersistFailure>
  /** A command failed; the actor stops next. */
  readonly failed: (reason: ChangeError) => Effect.Effect<void>
  /** The actor has stopped. Runs once. */
  readonly stopped: (reason: ChangeError) => Effect.Effect<void>
}

/**
 * A command in the queue. `abandon` is called instead of `run` once the actor has stopped, and after `run` if that
 * failed.
 */
export interface Command {
  readonly run: Effect.Effect<void, PersistFailure>
  readonly abandon: (reason: ChangeError) => void
}

/**
 * A commit failed, or its outcome is unknown. The in-memory state may now be wrong, so the actor stops; the next one
 * loads the state from the store.
 */
export class PersistFailure extends Data.TaggedError("PersistFailure")<{
  readonly error: OwnershipLost | SessionNotFound | StoreError
}> {}

/**
 * Runs commands one at a time, in the order they were offered. A fiber exists only while there are commands, so an
 * idle actor costs only an empty queue (a parked fiber with its queue costs ten times as much, and a semaphore does not
 * keep the order).
 */
interface CommandQueue {
  readonly offer: (command: Command) => void
  /** Commands not yet served, the running one included. */
  readonly size: () => number
  /** Removes all commands without serving them. */
  readonly takeAll: () => Iterable<Command>
}

const makeCommandQueue = (
  serve: (command: Command) => Effect.Effect<void>,
  fork: (drain: Effect.Effect<void>) => void
): CommandQueue => {
  const commands = MutableQueue.unbounded<Command>()
  let draining = false

  // A command that has started always completes: an interrupted one would leave an unknown state.
  const drain = Effect.uninterruptible(Effect.gen(function*() {
    for (;;) {
      const command = Option.fromNullable(MutableQueue.poll(commands, undefined))
      if (Option.isNone(command)) break
      yield* serve(command.value)
    }
    draining = false
  }))

  return {
    offer: (command) => {
      MutableQueue.offer(commands, command)
      if (draining) return
      draining = true
      fork(drain)
    },
    size: () => MutableQueue.length(commands) + Number(draining),
    takeAll: () => MutableQueue.pollUpTo(commands, Number.POSITIVE_INFINITY)
  }
}

/**
 * Notifies middleware that a turn has ended, or that a send did not become a turn. Runs outside the command queue;
 * nothing waits for it.
 */
export const notifyTurnEnded = (
  { forkEnding, pipeline }: ActorServices,
  { context, session }: SessionState,
  turnId: TurnId,
  turn?: Turn
): void => {
  const ended = pipeline.ended(turn, { session, context, turnId })
  if (Option.isSome(ended)) forkEnding(ended.value)
}
