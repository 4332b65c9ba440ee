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
 * First come, first served, one at a time. A fiber exists only while there is something to do: an idle mailbox costs an
 * empty queue (a parked fiber with its queue costs ten times as much, and a semaphore would not keep the order).
 */
export interface CommandQueue<Command> {
  readonly offer: (command: Command) => void
  /** Commands that are not served yet, the one under way included. */
  readonly size: () => number
  /** Empties the mailbox without serving what is in it. */
  readonly takeAll: () => Iterable<Command>
}

export const makeCommandQueue = <Command>(
  serve: (command: Command) => Effect.Effect<void>,
  fork: (drain: Effect.Effect<void>) => void
): CommandQueue<Command> => {
  const commands = MutableQueue.unbounded<Command>()
  let draining = false

  const drain = Effect.gen(function*() {
    for (;;) {
      const command = Option.fromNullable(MutableQueue.poll(commands, undefined))
      if (Option.isNone(command)) break
      yield* serve(command.value)
    }
    draining = false
  })

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
 * The store did not take a change, or may not have. What the actor believes may be wrong from here on, so it stops, and the
 * next one reads the store again.
 */
export class PersistFailure extends Data.TaggedError("PersistFailure")<{
  readonly error: OwnershipLost | SessionNotFound | StoreError
}> {}

/**
 * Tells middleware that a turn is over, or that a send has become none, beside the mailbox: nothing waits for it.
 */
export const tellTurnEnded = (
  { forkEnding, pipeline }: ActorServices,
  { context, session }: SessionState,
  turnId: TurnId,
  turn?: Turn
): void => {
  const ended = pipeline.ended(turn, { session, context, turnId })
  if (Option.isSome(ended)) forkEnding(ended.value)
}

/**
 * One command on its way through the mailbox. `abandon` is called instead of `run` once the actor has stopped, and after
 * `run` if that failed.
 */
export interface Command {
  readonly run: Effect.Effect<void, PersistFailure>
  readonly abandon: (reason: ChangeError) => void
}

/**
 * What the rest of the actor does at the turning points of its life.
 */
interface ActorLife {
  /** The session was read from the store. */
  readonly loaded: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** A change was committed, and these are the events of it. */
  readonly committed: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void>
  /** A command was served. */
  readonly served: Effect.Effect<void, PersistFailure>
  /** A command failed, which ends the actor. */
  readonly failed: (reason: ChangeError) => Effect.Effect<void>
  /** The actor is over; run once. */
  readonly stopped: (reason: ChangeError) => Effect.Effect<void>
}

/**
 * The inside of an actor: the mailbox, the last committed state, and the one way to change it.
 */
export interface ActorCore {
  readonly id: SessionId
  /** The last committed state. To be asked for by commands only: before the first one there is none. */
  readonly state: () => SessionState
  /** The last committed state, read first if need be. */
  readonly current: Effect.Effect<SessionState, ChangeError>
  /** Commits, and only then believes it and tells of it. */
  readonly persist: (transition: Transition) => Effect.Effect<void, PersistFailure>
  /** Reads the store again, where a change has reached further back than the window does. Answers the open turns. */
  readonly reload: Effect.Effect<ReadonlyArray<Turn>, PersistFailure>
  /** Hooks have been told of this event, which comes right after that one, or gave it up; stored with the next commit. */
  readonly noteDelivered: (event: SessionEvent, after: number, failures: ReadonlyArray<HookFailure>) => void
  /** Up to which event hooks have been told, whether that is all there are, and whether it is stored. */
  readonly delivery: () => { readonly upTo: number; readonly done: boolean; readonly stored: boolean }
  /**
   * Runs a command in its turn and answers with its result. Interrupting the asker does not take the command back. Goes
   * into the mailbox unless told otherwise.
   */
  readonly ask: <A, E = never>(
    body: Effect.Effect<A, E | PersistFailure>,
    offer?: (command: Command) => void
  ) => Effect.Effect<A, ChangeError | Exclude<E, PersistFailure>>
  readonly tell: (command: Command) => void
  /** Ends the actor: all that waits in the mailbox, and all that comes, is abandoned. */
  readonly stop: (reason: ChangeError) => Effect.Effect<void>
  /** Commands that wait in the mailbox. */
  readonly backlog: () => number
}

export const makeActorCore = (id: SessionId, services: ActorServices, life: ActorLife): ActorCore => {
  let state: SessionState | undefined
  let stopped: ChangeError | undefined
  let delivered = 0
  /** Of the events up to `delivered`, and not stored yet. */
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
      if (stopped) return Effect.sync(() => command.abandon(stopped ?? unavailable("it has stopped")))
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
        Effect.as(Effect.logError("A session's actor has a defect", cause), unavailable("its actor failed"))
    })

  const mailbox = makeCommandQueue(serve, services.forkDrain)

  const stop = (reason: ChangeError) =>
    Effect.suspend(() => {
      if (stopped) return Effect.void
      stopped = reason
      for (const command of mailbox.takeAll()) command.abandon(reason)
      return life.stopped(reason)
    })

  const loadedState = () => {
    if (!state) throw new Error("The state was asked for before it was read")
    return state
  }

  const ask = <A, E = never>(body: Effect.Effect<A, E | PersistFailure>, offer = mailbox.offer) =>
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
        const told = delivered
        const usage = usageOf(next.session, changes)
        const given = deadLetters
        const all = {
          ...changes,
          ...(usage.length > 0 && { usage }),
          ...(told > next.delivered && { delivered: told, ...(given.length > 0 && { deadLetters: given }) })
        }
        return Effect.matchEffect(services.store.commit(id, next.epoch, all), {
          onFailure: (error) => new PersistFailure({ error }),
          onSuccess: () => {
            const { cursor } = loadedState().session
            state = { ...next, delivered: told }
            deadLetters = deadLetters.slice(given.length)
            if (changes.cursor === null && cursor) services.forget(cursor)
            for (const turn of changes.turns ?? []) {
              if (isTerminal(turn.status)) tellTurnEnded(services, state, turn.id, turn)
            }
            return changes.events ? life.committed(changes.events) : Effect.void
          }
        })
      }),
    reload: read,
    noteDelivered: ({ _tag, number }, after, failures) => {
      // One that was dropped is still owed, and so are those after it.
      if (after > delivered || number <= delivered) return
      delivered = number
      deadLetters = [...deadLetters, ...failures.map((failure) => ({ ...failure, sessionId: id, number, event: _tag }))]
    },
    delivery: () => {
      const { delivered: stored, lastEvent } = loadedState()
      return { upTo: delivered, done: delivered >= lastEvent, stored: delivered <= stored }
    },
    ask,
    tell: mailbox.offer,
    stop,
    backlog: mailbox.size
  }
}
