import type { EventColumns } from "./eventToRow.js"
import type { Statements } from "./prepareStatements.js"

/**
 * Writes events. Throws when one of them is of a turn that is not there.
 */
export const addEvents = (on: Statements, key: number, events: ReadonlyArray<EventColumns>): void => {
  for (const { at, detail, number, ref, tag } of events) {
    const place = typeof ref === "number" ? ref : on.ordinalOf.get(ref.turnId, key)?.ordinal
    if (place === undefined) throw new Error(`Event ${number} is of a turn that is not there`)
    on.addEvent.run(key, number, tag, at, place, detail)
  }
}
