import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import type * as RpcSchema from "@effect/rpc/RpcSchema"
import * as Schema from "effect/Schema"
import * as Text from "effect/String"
import type { Operation, OperationTable } from "../../services/SessionOperations.js"

/**
 * One call for each row of a table of operations, named after the row with a capital first letter. `scope` are fields that
 * every payload has in addition to the input.
 */
export function makeRpcGroup<Table extends OperationTable, Scope extends Schema.Struct.Fields, I>(
  table: Table,
  scope: Scope,
  defect: Schema.Schema<unknown, I>
): RpcGroup.RpcGroup<{ [Name in keyof Table & string]: RpcOf<Name, Table[Name], Scope> }[keyof Table & string]>
export function makeRpcGroup<I>(
  table: OperationTable,
  scope: Schema.Struct.Fields,
  defect: Schema.Schema<unknown, I>
): unknown {
  const rpcs = Object.entries(table).map(([name, { error, payload = {}, stream = false, success = Schema.Void }]) =>
    Rpc.make(Text.capitalize(name), {
      payload: Schema.isSchema(payload) ? payload : isEmpty(payload, scope) ? Schema.Void : { ...scope, ...payload },
      success,
      error,
      stream,
      defect
    })
  )
  return RpcGroup.make(...rpcs)
}

const isEmpty = (...fields: ReadonlyArray<object>) => fields.every((each) => Object.keys(each).length === 0)

type RpcOf<Name extends string, Row extends Operation, Scope extends Schema.Struct.Fields> = Rpc.Rpc<
  Capitalize<Name>,
  PayloadOf<Row, Scope>,
  Row extends { readonly stream: true } ? RpcSchema.Stream<SuccessOf<Row>, ErrorOf<Row>> : SuccessOf<Row>,
  Row extends { readonly stream: true } ? typeof Schema.Never : ErrorOf<Row>
>

type PayloadOf<Row, Scope extends Schema.Struct.Fields> = Row extends { readonly payload: infer Payload }
  ? Payload extends Schema.Schema.Any ? Payload
  : Payload extends Schema.Struct.Fields ? Schema.Struct<Scope & Payload>
  : never
  : [keyof Scope] extends [never] ? typeof Schema.Void
  : Schema.Struct<Scope>

type SuccessOf<Row> = Row extends { readonly success: infer Success extends Schema.Schema.Any } ? Success
  : typeof Schema.Void

type ErrorOf<Row extends Operation> = Row["error"]
