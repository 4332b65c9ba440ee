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
 * A turn that has not ended, with its observers. Late observers get a replay of what the others received.
 */
export class OpenTurn {
  /** The text shown so far. */
  text = ""
  /** Ends the turn at its deadline. */
  timer: Fiber.RuntimeFiber<void> | undefined
  private question: Message | undefined
  private ended = false
  private readonly observers = new Set<TurnObserver>()

  /** `turn` is the last committed version. `onEnd` runs once. */
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

  addText(text: string): void {
    const offset = this.text.length
    this.text += text
    this.emit({ _tag: "TurnDelta", turnId: this.turn.id, offset, text })
  }

  /**
   * Ends the turn with its reply, its error, or the reason why this process no longer knows. Only the first call
   * counts.
   */
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
 * Receives what happens in a turn. Neither function may block or throw: both are called by the actor.
 */
export interface TurnObserver {
  readonly emit: (event: TurnEvent) => void
  /** Called once, last. */
  readonly end: (exit: Exit.Exit<Message, ChangeError | TurnError>) => void
}

/**
 * The turn that is running.
 */
export interface RunningTurn {
  readonly open: OpenTurn
  /** Turns that were steered into it: they receive its text from then on, and end with it. */
  readonly joined: Array<OpenTurn>
  readonly middleware: TurnMiddleware
  /** When it started, in nanoseconds of the clock. */
  readonly startedNanos: bigint
  readonly deadline: DateTime.Utc
  /** Index of the target that its next call starts with: a provider that paused continues its own reply. */
  targetIndex: number
  /** Number of its latest `TurnStarted` event. */
  startEvent: number
  /** Length of the text from its earlier provider calls. */
  earlierLength: number
  fiber?: Fiber.RuntimeFiber<void>
  /** Timer that stores the draft of the reply. */
  checkpoint?: Fiber.RuntimeFiber<void> | undefined
  /** Set once the turn should end early. */
  stopRequest?: StopRequest & { readonly outcome: Deferred.Deferred<StopOutcome, ChangeError> }
}

/**
 * Why a turn should end before its reply is complete, and what to keep of it.
 */
export interface StopRequest {
  readonly error: DeadlineExceeded | TurnStopped
  /** Whether the partial reply stays in the history. */
  readonly keepPartial: boolean
  /** Whether the turn is removed from the history. */
  readonly rollBack: boolean
}
