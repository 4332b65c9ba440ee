import * as DateTime from "effect/DateTime"
import type { DueSession } from "../../../../services/DueSession.js"
import { restLimits } from "../restLimits.js"
import type { MemorySession } from "./MemorySession.js"

/**
 * What is to be done with a session at this moment: one thing, or nothing.
 */
export const dueOf = ({ info, turns }: MemorySession, now: DateTime.Utc): ReadonlyArray<DueSession> => {
  if (turns.hasOpen) return []
  const { archiveAfterMs = Infinity, deleteAfterMs = Infinity } = restLimits(info.config)
  const rested = DateTime.distance(info.lastActivityAt, now)
  if (rested >= deleteAfterMs) return [{ sessionId: info.id, action: "delete" }]
  return rested >= archiveAfterMs && info.status !== "archived" ? [{ sessionId: info.id, action: "archive" }] : []
}
