import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { SessionDeletion } from "../../../../services/SessionDeletion.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { deadLetterCursor } from "../deadLetterCursor.js"
import { pageOf } from "../pageOf.js"
import { pageSize } from "../pageSize.js"
import { warnOfForgotten } from "../warnOfForgotten.js"
import { addDeadLetters } from "./addDeadLetters.js"
import { DeadLetterRow } from "./DeadLetterRow.js"
import { decodeRow } from "./decodeRow.js"
import { DeletionRow } from "./DeletionRow.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Statements } from "./prepareStatements.js"
import { renameColumns } from "./renameColumns.js"
import { retryWhileBusy } from "./retryWhileBusy.js"
import { selectDeadLetters } from "./selectDeadLetters.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

const decodeLetters = decodeRow(Schema.Array(Schema.Struct({ ...DeadLetterRow.fields, key: Schema.NonNegativeInt })))
const decodeDeletions = decodeRow(Schema.Array(DeletionRow))
const encodeLetter = Schema.encodeSync(DeadLetterRow)

const eventOf = (row: typeof DeletionRow.Type): SessionDeletion => ({ _tag: "SessionDeleted", ...row })

/**
 * What hooks have given up on, and the deletions they have not been told of.
 */
export const sqliteDeadLetters = (
  sql: SqlClient,
  { read, write }: GroupCommitter<Statements>
): Pick<
  SessionStore["Type"],
  "deadLetters" | "deletion" | "deletions" | "removeDeadLetter" | "settleDeletion" | "updateDeadLetter"
> => ({
  deletions: (limit) =>
    read((on) => on.deletions.all(limit)).pipe(
      Effect.flatMap((rows) => decodeDeletions(renameColumns(rows))),
      Effect.map((rows) => rows.map(eventOf))
    ),

  deletion: (id) =>
    read((on) => on.deletion.all(id)).pipe(
      Effect.flatMap((rows) => decodeDeletions(renameColumns(rows))),
      Effect.map(([row]) => Option.map(Option.fromNullable(row), eventOf))
    ),

  settleDeletion: (id, letters) =>
    Effect.suspend(() => {
      const add = addDeadLetters(letters)
      return Effect.flatMap(
        write((on) => {
          if (on.markDeletionTold.run(id).changes === 0) return Either.right(0)
          if (letters.length === 0) on.forgetDeletion.run(id)
          return Either.right(add(on))
        }),
        warnOfForgotten
      )
    }),

  deadLetters: Effect.fnUntraced(function*(query) {
    const { cursor, limit = pageSize } = query
    const position = cursor && (yield* deadLetterCursor.decode(cursor))
    const rows = yield* retryWhileBusy(
      Effect.catchAll(selectDeadLetters(sql, query, limit + 1, position), storeErrorOrDie)
    )
    const { items, ...page } = pageOf(yield* decodeLetters(rows), limit, ({ key }) => deadLetterCursor.encode({ key }))
    return { ...page, items: items.map(Struct.omit("key")) }
  }),

  updateDeadLetter: (letter) =>
    Effect.suspend(() => {
      const row = encodeLetter(letter)
      return write((on) => Either.right(void on.updateDeadLetter.run(row)))
    }),

  removeDeadLetter: ({ hook, number, sessionId }) =>
    write((on) => Either.right(void on.removeDeadLetter.run({ hook, number, sessionId })))
})
