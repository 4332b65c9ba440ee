import type { SessionEvent } from "../domain/SessionEvent.js"
import { messageText } from "./messageText.js"
import { noticeText } from "./noticeText.js"

/**
 * What has happened, in words.
 */
export const eventText = (event: SessionEvent): string => {
  switch (event._tag) {
    case "SessionCreated": {
      const { forkedFrom, model, provider, userId } = event.session
      const origin = forkedFrom ? `, a fork of ${forkedFrom.sessionId} at message ${forkedFrom.seq}` : ""
      return `session created for ${userId}, with ${provider}/${model}${origin}`
    }
    case "SessionArchived":
      return "session archived"
    case "SessionReactivated":
      return "session reactivated"
    case "SessionErrored":
      return `session failed too often: ${event.reason}`
    case "SessionDeleted":
      return "session deleted"
    case "MessageSent":
    case "MessageReceived":
      return messageText(event.message)
    case "MessagesCleared":
      return "all messages removed"
    case "MessagesRewound":
      return `rewound to message ${event.to}`
    case "ContextUpdated":
      return `context is now version ${event.context.version}`
    case "TurnAccepted":
      return `turn ${event.turnId} accepted`
    case "TurnEdited":
      return `turn ${event.turnId} asks something else`
    case "TurnStarted":
      return `turn ${event.turnId} started`
    case "TurnJoined":
      return `turn ${event.turnId} joined ${event.into}`
    case "TurnCompleted":
      return `turn ${event.turnId} completed`
    case "TurnStopped":
      return `turn ${event.turnId} stopped`
    case "TurnFailed":
      return `turn ${event.turnId} failed: ${event.error.message}`
    case "TurnNoticed":
      return `turn ${event.turnId}: ${noticeText(event.notice)}`
    case "SessionConfigured":
      return `session is answered by ${event.provider}/${event.model} from now on`
  }
}
