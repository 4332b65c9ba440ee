import * as Arr from "effect/Array"
import type { Message } from "../../domain/Message.js"
import { add } from "../../domain/Rollup.js"
import type { SessionExport } from "../../domain/SessionExport.js"
import { type UsageEntry, usageOfStart } from "../../domain/UsageEntry.js"
import { usageOf } from "./usageOf.js"

/**
 * What a session that is imported adds to the rollups, on the days when it was used. Of a fork, that which is its own: what it
 * shares was used by its origin.
 */
export const usageOfRecord = ({ messages, rewound, session, turns }: SessionExport): ReadonlyArray<UsageEntry> => {
  const shared = session.forkedFrom?.seq ?? 0
  const own = [...messages, ...rewound].filter(({ seq }) => seq > shared)
  const byTurn = Arr.groupBy(own, ({ turnId = "" }) => turnId)
  const sums = new Map<string, UsageEntry>()
  const count = (entries: Iterable<UsageEntry>) => {
    for (const entry of entries) {
      const key = JSON.stringify([entry.day, entry.provider, entry.model])
      const known = sums.get(key)
      sums.set(key, known ? { ...known, added: add(known.added, entry.added) } : entry)
    }
  }
  count([usageOfStart(session)])
  const joined = Arr.groupBy(turns, (turn) => turn.joined ?? turn.id)
  const rest = new Set<Message>(own)
  for (const together of Object.values(joined)) {
    const said = together.flatMap(({ id }) => byTurn[id] ?? [])
    for (const message of said) rest.delete(message)
    count(usageOf(session, { messages: said, turns: together }))
  }
  count(usageOf(session, { messages: [...rest] }))
  return [...sums.values()]
}
