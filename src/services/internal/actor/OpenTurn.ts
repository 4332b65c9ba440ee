import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnEvent } from "../../../domain/TurnEvent.js"
import type { SendOutcome } from "../../../domain/TurnReceipt.js"
import type { TurnTrace } from "../Instrumentation.js"
import type { TurnObserver } from "./TurnObserver.js"

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
