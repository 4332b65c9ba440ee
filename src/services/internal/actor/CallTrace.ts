import type { Attempt } from "../../../domain/Attempt.js"
import type { ProviderCursor } from "../../../domain/ProviderCursor.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import { withAttempt } from "../../../domain/SessionMetrics.js"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import type { SessionChanges } from "../../SessionChanges.js"
import type { EventBody } from "./EventBody.js"
import type { SessionState } from "./SessionState.js"

/**
 * What a provider call leaves behind beside what it said.
 */
export interface CallTrace {
  /** None when nobody was called. */
  readonly attempt?: Attempt | undefined
  readonly notices?: ReadonlyArray<TurnNotice>
  /** The provider's own copy of the conversation from now on; null when it is not to be gone on with. */
  readonly cursor?: ProviderCursor | null | undefined
}

/**
 * A turn and its session with the trace of a call, and what is to be stored and told of that.
 */
export const traceCall = (state: SessionState, turn: Turn, { attempt, cursor, notices = [] }: CallTrace) => ({
  turn: attempt ? { ...turn, attempts: [...turn.attempts ?? [], attempt] as const } satisfies Turn : turn,
  state: {
    ...state,
    metrics: attempt ? withAttempt(state.metrics, attempt) : state.metrics,
    session: cursor === undefined ? state.session : withCursor(state.session, cursor)
  } satisfies SessionState,
  changes: (cursor === undefined ? {} : { cursor }) satisfies SessionChanges,
  bodies: notices.map((notice): EventBody => ({ _tag: "TurnNoticed", turnId: turn.id, notice }))
})

/**
 * A session whose provider has this copy of the conversation, or none.
 */
export const withCursor = (session: SessionInfo, cursor: ProviderCursor | null): SessionInfo => {
  if (cursor !== null) return { ...session, cursor }
  const { cursor: _, ...without } = session
  return without
}
