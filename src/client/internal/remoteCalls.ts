import type { RpcClientError } from "@effect/rpc/RpcClientError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Text from "effect/String"
import type { SessionError } from "../../domain/error/SessionError.js"
import type { SessionId } from "../../domain/Ids.js"
import {
  inputField,
  type ManagerOperations,
  type Operation,
  type OperationTable,
  type SessionOperationsOf
} from "../../services/SessionOperations.js"
import { remoteCause } from "./remoteCause.js"

/** The client of `@effect/rpc`: a function for each call. */
type Client = { readonly [tag: string]: (payload: unknown) => unknown }

/**
 * Makes operations from the calls of a client, with their errors translated by `remoteCause`.
 */
export const makeRemoteCalls = (client: object, url: string) => {
  const toDomainError = remoteCause(url)

  const effect = <A, E, R>(self: Effect.Effect<A, E | RpcClientError, R>) =>
    Effect.catchAllCause(self, (cause) => Effect.failCause(toDomainError<E>(cause)))
  const stream = <A, E, R>(self: Stream.Stream<A, E | RpcClientError, R>) =>
    Stream.catchAllCause(self, (cause) => Stream.failCause(toDomainError<E>(cause)))

  const call = (name: string, row: Operation, payload: unknown) => {
    const result = (client as Client)[Text.capitalize(name)]?.(payload)
    return row.stream
      ? stream(result as Stream.Stream<unknown, SessionError>)
      : effect(result as Effect.Effect<unknown, SessionError>)
  }

  function ofManager<Table extends OperationTable>(table: Table): ManagerOperations<Table>
  function ofManager(table: OperationTable): unknown {
    return mapValues(table, (name, row) => {
      if (row.payload === undefined) return Effect.suspend(() => call(name, row, undefined) as Effect.Effect<unknown>)
      const field = inputField(row)
      return (input: unknown) => call(name, row, field === undefined ? input : { [field]: input })
    })
  }

  function ofSession<Table extends OperationTable>(table: Table): SessionOperationsOf<Table>
  function ofSession(table: OperationTable): unknown {
    return mapValues(table, (name, row) => {
      const field = inputField(row)
      return field === undefined
        ? (sessionId: SessionId) => call(name, row, { sessionId })
        : (sessionId: SessionId, input: unknown) => call(name, row, { sessionId, [field]: input })
    })
  }

  return { effect, ofManager, ofSession }
}

const mapValues = (table: OperationTable, make: (name: string, row: Operation) => unknown) =>
  Object.fromEntries(Object.entries(table).map(([name, row]) => [name, make(name, row)]))
