import type { Attempt } from "../../../domain/Attempt.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import { foldReply, type ReplyFold } from "./foldReply.js"
import type { Target } from "./Target.js"

/**
 * What has become of a turn's provider calls so far. It is written while they go on, so that it is known however they end.
 */
export class Asked {
  /** What the last call has said. */
  fold: ReplyFold = foldReply()
  /** Whom it went to. */
  target: Target | undefined
  /** Whose prices it has. */
  vendor: string | undefined
  /** The last call, once it is over, unless it is stored already. */
  attempt: Attempt | undefined
  /** What is not stored yet. */
  notices: ReadonlyArray<TurnNotice> = []
  /** Whether the provider was to hold the conversation itself, and whether it went on with the copy it had. */
  held: { readonly goesOn: boolean } | undefined

  notice(...notices: ReadonlyArray<TurnNotice>): void {
    this.notices = [...this.notices, ...notices]
  }

  /** Hands over what is to be stored. */
  take(): { readonly attempt: Attempt | undefined; readonly notices: ReadonlyArray<TurnNotice> } {
    const { attempt, notices } = this
    this.attempt = undefined
    this.notices = []
    return { attempt, notices }
  }
}
