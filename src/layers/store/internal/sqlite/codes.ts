import type { BusyPolicy } from "../../../../domain/BusyPolicy.js"
import type { FinishReason } from "../../../../domain/FinishReason.js"
import type { OnUnknown } from "../../../../domain/OnUnknown.js"
import type { Role } from "../../../../domain/Role.js"
import type { SessionEvent } from "../../../../domain/SessionEvent.js"
import type { TurnStatus } from "../../../../domain/Turn.js"

/**
 * The numbers that stand for words in the rows which a turn makes, where the words would be a good part of the row. They are
 * in every database there is: a new word gets a new number, and no number ever changes.
 */
export const codes = {
  busyPolicy: { queue: 0, reject: 1, interrupt: 2, rollback: 3, steer: 4 },
  event: {
    SessionCreated: 0,
    SessionArchived: 1,
    SessionReactivated: 2,
    SessionErrored: 3,
    MessageSent: 4,
    MessageReceived: 5,
    MessagesCleared: 6,
    MessagesRewound: 7,
    ContextUpdated: 8,
    TurnAccepted: 9,
    TurnEdited: 10,
    TurnStarted: 11,
    TurnJoined: 12,
    TurnCompleted: 13,
    TurnStopped: 14,
    TurnFailed: 15,
    TurnNoticed: 16,
    SessionConfigured: 17
  },
  finishReason: { complete: 0, length: 1, toolCalls: 2, paused: 3, refusal: 4, cut: 5 },
  onUnknown: { interrupt: 0, retry: 1 },
  role: { user: 0, assistant: 1, system: 2, tool: 3 },
  turnStatus: { accepted: 0, calling: 1, completed: 2, stopped: 3, failed: 4, interrupted: 5 }
} as const satisfies {
  readonly busyPolicy: Readonly<Record<BusyPolicy, number>>
  readonly event: Readonly<Record<Exclude<SessionEvent["_tag"], "SessionDeleted">, number>>
  readonly finishReason: Readonly<Record<FinishReason, number>>
  readonly onUnknown: Readonly<Record<OnUnknown, number>>
  readonly role: Readonly<Record<Role, number>>
  readonly turnStatus: Readonly<Record<TurnStatus, number>>
}
