import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import type { SessionError } from "../../domain/error/SessionError.js"
import type { SessionId } from "../../domain/Ids.js"
import {
  inputField,
  type Operation,
  type OperationInput,
  type OperationResult,
  type OperationTable
} from "../SessionOperations.js"

/**
 * Decodes what a caller passed. Fails with `InvalidRequest` and the path to the wrong field; `argument` is the first part of
 * that path, for an input that is not a record. Decoding a value twice gives the same value, so a server may pass on what it
 * has decoded.
 */
export const checkInput = <A, I>(schema: Schema.Schema<A, I>, argument?: string) => {
  const decode = Schema.decodeUnknown(schema)
  return (input: I): Effect.Effect<A, InvalidRequest> =>
    Effect.mapError(decode(input), (error) => InvalidRequest.fromParseError(error, argument))
}

/** Operations on checked input, for each row. */
type Operations<Table extends OperationTable> = { readonly [Name in keyof Table]: unknown }

/** What a caller passes: the encoded input, or nothing. */
type CallArguments<Row extends Operation> = "payload" extends keyof Row
  ? "optional" extends keyof Row ? [input?: OperationInput<Row>]
  : [input: OperationInput<Row> | ("text" extends keyof Row ? string : never)]
  : []

/**
 * The calls of a table as applications see them: functions on unchecked input, and effects where there is no input.
 */
export type Calls<Table extends OperationTable> = {
  readonly [Name in keyof Table]: "payload" extends keyof Table[Name]
    ? (...args: CallArguments<Table[Name]>) => OperationResult<Table[Name]>
    : OperationResult<Table[Name]>
}

type CallsById<Table extends OperationTable> = {
  readonly [Name in keyof Table]: (id: SessionId, ...args: CallArguments<Table[Name]>) => OperationResult<Table[Name]>
}

type Result = Effect.Effect<unknown, SessionError>
type Run = (...args: ReadonlyArray<unknown>) => unknown

/**
 * A manager's calls: each checks its input, runs the operation, and has a span `SessionManager.<name>`.
 */
export function makeManagerCalls<Table extends OperationTable>(
  table: Table,
  operations: Operations<Table>
): Calls<Table>
export function makeManagerCalls(table: OperationTable, operations: Operations<OperationTable>): unknown {
  return mapRows(table, (name, row) => {
    const operation = operations[name]
    const span = `SessionManager.${name}`
    if (row.payload === undefined) return Effect.withSpan(operation as Result, span)
    const run = operation as Run
    const check = checkRow(row)
    return row.stream
      ? (input: unknown) => asStream(Effect.map(check(input), (input) => run(input)), span)
      : Effect.fn(span)((input: unknown) => Effect.flatMap(check(input), (input) => run(input) as Result))
  })
}

/**
 * The calls of all sessions, by id: each checks its input, runs the operation, and has a span `Session.<name>`.
 */
export function makeSessionCalls<Table extends OperationTable>(
  table: Table,
  operations: Operations<Table>
): CallsById<Table>
export function makeSessionCalls(table: OperationTable, operations: Operations<OperationTable>): unknown {
  return mapRows(table, (name, row) => {
    const run = operations[name] as Run
    const span = `Session.${name}`
    if (row.payload === undefined) return Effect.fn(span)(run as () => Result)
    const check = checkRow(row)
    return row.stream
      ? (id: SessionId, input: unknown) => asStream(Effect.map(check(input), (input) => run(id, input)), span)
      : Effect.fn(span)((id: SessionId, input: unknown) =>
        Effect.flatMap(check(input), (input) => run(id, input) as Result)
      )
  })
}

/**
 * The calls of one session. They are bound, not wrapped, so that a trace points to the line that made the call.
 */
export function bindCalls<Table extends OperationTable>(
  table: Table,
  calls: CallsById<Table>,
  id: SessionId
): Calls<Table>
export function bindCalls(table: OperationTable, calls: Operations<OperationTable>, id: SessionId): unknown {
  return mapRows(table, (name, row) => {
    const call = calls[name] as Run
    return row.payload === undefined ? Effect.suspend(() => call(id) as Result) : call.bind(undefined, id)
  })
}

const mapRows = (table: OperationTable, make: (name: string, row: Operation) => unknown) => {
  const made: Record<string, unknown> = {}
  for (const name in table) made[name] = make(name, table[name] as Operation)
  return made
}

const asStream = (stream: Effect.Effect<unknown, InvalidRequest>, span: string) =>
  Stream.unwrap(stream as Effect.Effect<Stream.Stream<unknown, SessionError>, InvalidRequest>).pipe(
    Stream.withSpan(span)
  )

/** Decodes a row's input. In errors, an input that is not a record is named after its field. */
const checkRow = (row: Operation) => {
  const field = inputField(row)
  const schema = (field === undefined ? row.payload : Reflect.get(row.payload ?? {}, field)) as Schema.Schema<unknown>
  const check = checkInput(schema, isRecord(schema) ? undefined : field)
  if (row.text) return (input: unknown) => check(typeof input === "string" ? { content: input } : input)
  return row.optional ? (input: unknown = {}) => check(input) : check
}

const isRecord = ({ ast }: Schema.Schema<unknown>) => SchemaAST.isTypeLiteral(SchemaAST.encodedAST(ast))
