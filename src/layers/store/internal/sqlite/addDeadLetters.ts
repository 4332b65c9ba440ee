import * as Schema from "effect/Schema"
import type { DeadLetter } from "../../../../domain/DeadLetter.js"
import { maxDeadLetters } from "../maxDeadLetters.js"
import { DeadLetterRow } from "./DeadLetterRow.js"
import type { Statements } from "./prepareStatements.js"

const encode = Schema.encodeSync(Schema.Array(DeadLetterRow))

/**
 * Encodes dead letters, and answers what writes them: it makes room for them, and says how many had to go.
 */
export const addDeadLetters = (letters: ReadonlyArray<DeadLetter>) => {
  const rows = encode(letters)
  const hooks = new Set(rows.map(({ hook }) => hook))
  return (on: Statements): number => {
    for (const row of rows) on.addDeadLetter.run(row)
    let forgotten = 0
    for (const hook of hooks) forgotten += on.forgetDeadLetters.run({ hook, max: maxDeadLetters }).changes
    return forgotten
  }
}
