import { SessionBusy } from "../../../domain/error/SessionBusy.js"
import type { SessionId } from "../../../domain/SessionId.js"

const retryAfterMs = 1000

export const sessionBusy = (sessionId: SessionId): SessionBusy => new SessionBusy({ sessionId, retryAfterMs })
