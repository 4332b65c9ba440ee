import type * as DateTime from "effect/DateTime"
import type * as Deferred from "effect/Deferred"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { ChangeError } from "../../../domain/error/SessionError.js"
import type { DeadlineExceeded, TurnError, TurnStopped } from "../../../domain/error/TurnError.js"
import type { TurnEvent } from "../../../domain/Events.js"
import type { Message } from "../../../domain/Message.js"
import type { SendOutcome, StopOutcome } from "../../../domain/Send.js"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnTrace } from "../../../services/internal/Instrumentation.js"
import type { TurnMiddleware } from "../../../services/Middleware.js"

/**
 * Whoever waits for a turn. Neither function may wait or throw: the actor goes on at once.
 */
export interface TurnObserver {
  readonly emit: (event: TurnEvent) => void
  /** Nothing comes after it. Only the first call counts. */
  readonly end: (exit: Exit.Exit<Message, ChangeError | TurnError>) => void
}

/**
 * A turn that is not ended, and all who wait for it. Who comes later is shown what the others have seen.
 */
export class OpenTurn {
  /** What the provider has said so far, as it was shown. */
  text = ""
  /** Ends the turn when its time is up. */
  timer: Fiber.RuntimeFiber<void> | undefined
  private question: Message | undefined
  private ended = false
  private readonly observers = new Set<TurnObserver>()

  /** `turn` is as it was last committed; `onEnd` runs once. */
  constructor(public turn: Turn, readonly trace: TurnTrace, private readonly onEnd: () => void) {}

  join(observer: TurnObserver, outcome: SendOutcome): void {
    this.observers.add(observer)
    observer.emit({ _tag: "TurnAccepted", turnId: this.turn.id, outcome })
    if (this.question) observer.emit({ _tag: "TurnStarted", turnId: this.turn.id, message: this.question })
    if (this.text !== "") observer.emit({ _tag: "TurnDelta", turnId: this.turn.id, offset: 0, text: this.text })
  }

  start(question: Message): void {
    this.question = question
    this.emit({ _tag: "TurnStarted", turnId: this.turn.id, message: question })
  }

  say(text: string): void {
    const offset = this.text.length
    this.text += text
    this.emit({ _tag: "TurnDelta", turnId: this.turn.id, offset, text })
  }

  /** With its reply, with what ended it, or with why nobody will hear of it here. Only the first call counts. */
  end(exit: Exit.Exit<Message, ChangeError | TurnError>): void {
    if (this.ended) return
    this.ended = true
    if (exit._tag === "Success") this.emit({ _tag: "TurnCompleted", turnId: this.turn.id, message: exit.value })
    for (const observer of this.observers) observer.end(exit)
    this.timer?.unsafeInterruptAsFork(this.timer.id())
    this.trace.end(exit)
    this.onEnd()
  }

  private emit(event: TurnEvent): void {
    for (const observer of this.observers) observer.emit(event)
  }
}

/**
 * Why a turn is to end before its reply is complete, and what is to be left of it.
 */
export interface StopRequest {
  readonly error: DeadlineExceeded | TurnStopped
  /** Whether what has arrived of the reply stays in the history. */
  readonly keepPartial: boolean
  /** Whether the turn leaves the history altogether. */
  readonly rollBack: boolean
}

/**
 * The turn that is under way.
 */
export interface RunningTurn {
  readonly open: OpenTurn
  /** Turns that were steered into it: they hear what it says from then on, and end as it does. */
  readonly joined: Array<OpenTurn>
  readonly middleware: TurnMiddleware
  /** Nanoseconds of the clock. */
  readonly since: bigint
  /** When it must have ended. */
  readonly deadline: DateTime.Utc
  /** Place of the provider that its next call goes to first: one that has paused goes on itself. */
  place: number
  /** Number of the event with which its text began. */
  startedWith: number
  /** How much of its text earlier provider calls said. */
  saidBefore: number
  fiber?: Fiber.RuntimeFiber<void>
  /** Stores what has been said, a while after it was. */
  checkpoint?: Fiber.RuntimeFiber<void> | undefined
  /** Set once somebody wants it to end. */
  stopRequest?: StopRequest & { readonly outcome: Deferred.Deferred<StopOutcome, ChangeError> }
}
