import { addUsage } from "./addUsage.js"
import { codes } from "./codes.js"
import type { RecordRows } from "./encodeRecord.js"
import { internTags } from "./internTags.js"
import type { Statements } from "./prepareStatements.js"

/**
 * Writes a session with all that belongs to it. Answers false, and writes nothing, when there is one of its id.
 */
export const restoreSession = (on: Statements, rows: RecordRows): boolean => {
  const { contexts, messages, segments, session, tags, turns, usage } = rows
  if (on.session.get(session.id) !== undefined) return false
  const tagSet = internTags(on, tags)
  const key = Number(on.addSession.run({ ...session, tagSet }).lastInsertRowid)
  for (const tag of tags) on.addTag.run({ id: session.id, tag, createdAt: session.createdAt })
  for (const segment of segments) on.addSegment.run({ key, ...segment })
  on.openSegment.run({ key, from: session.lastSeq + 1 })
  for (const message of messages) on.addMessage.run(key, message)
  for (const context of contexts) on.restoreContext.run({ key, ...context })
  for (const turn of turns) on.putTurn.run(key, turn)
  on.addEvent.run(key, 1, codes.event.SessionCreated, session.createdAt, session.messageCount, null)
  addUsage(on, session.userId, tagSet, usage)
  return true
}
