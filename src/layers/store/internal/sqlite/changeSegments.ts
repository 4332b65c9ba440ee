import type { SessionChanges } from "../../../../services/SessionChanges.js"
import type { Statements } from "./prepareStatements.js"

/**
 * Takes messages out of a history whose last one has this `seq`: to be seen no more, or to be seen as rewound. What is said
 * next goes to a new segment.
 */
export const changeSegments = (
  on: Statements,
  key: number,
  last: number,
  { clearMessages = false, rewindTo: to = last }: SessionChanges
): void => {
  if (clearMessages) on.removeSegments.run(key)
  if (to < last) {
    on.splitSegment.run({ key, to, last })
    on.cutSegment.run({ key, to })
    on.rewindSegments.run({ key, to, last })
  }
  if (clearMessages || to < last) {
    on.openSegment.run({ key, from: last + 1 })
    on.recount.get(key)
  }
}
