import * as Text from "effect/String"
import type { SessionId } from "../../../domain/Ids.js"
import type { Calls } from "../../../services/internal/checkedCalls.js"
import { inputField, type OperationResult, type OperationTable } from "../../../services/SessionOperations.js"

type Handlers<Table extends OperationTable> = {
  readonly [Name in keyof Table & string as Capitalize<Name>]: (payload: unknown) => OperationResult<Table[Name]>
}

type Payload = { readonly sessionId: SessionId; readonly [field: string]: unknown }

/**
 * A handler for each row of a table, which calls the member of that name on a service. `serviceOf` gives the service: the
 * manager, or the handle of the session that the payload names.
 */
export function makeHandlers<Table extends OperationTable>(
  table: Table,
  serviceOf: (payload: Payload) => Calls<Table>
): Handlers<Table>
export function makeHandlers(table: OperationTable, serviceOf: (payload: Payload) => object): unknown {
  return Object.fromEntries(
    Object.entries(table).map(([name, row]) => {
      const field = inputField(row)
      const handler = (payload: Payload) => {
        const member: unknown = Reflect.get(serviceOf(payload), name)
        return typeof member === "function" ? member(field === undefined ? payload : payload[field]) : member
      }
      return [Text.capitalize(name), handler]
    })
  )
}
