import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type { InvalidRequest } from "../../domain/error/RequestError.js"
import type { MessageNotFound, SessionNotFound } from "../../domain/error/SessionError.js"
import { type OwnershipLost, StoreError } from "../../domain/error/StoreError.js"
import type { SessionStore } from "../SessionStore.js"
import { type CountedLog, makeCountedLog } from "./countedLog.js"

type Store = SessionStore["Type"]

/**
 * The same store, which logs each `StoreError` of its operations: the operation, the reason and the driver's code, and nothing of
 * what was read or written. Repeated failures of one reason are counted.
 */
export const logStoreFailures = (store: Store): Effect.Effect<Store, never, Scope.Scope> =>
  Effect.map(makeCountedLog, (log) => wrapMembers(store, operations, log) as Store)

/** All members, so that a new one cannot be forgotten. False for those that are not operations. */
const operations: Record<keyof Store, boolean> = {
  analytics: true,
  checkWritable: true,
  commit: true,
  context: true,
  contextAt: true,
  create: true,
  deadLetters: true,
  deletion: true,
  deletions: true,
  durability: false,
  events: true,
  expiring: true,
  export: true,
  footprint: true,
  fork: true,
  get: true,
  health: true,
  idle: true,
  list: true,
  maintenance: false,
  message: true,
  messageAt: true,
  messages: true,
  metrics: true,
  open: true,
  purge: true,
  remove: true,
  removeDeadLetter: true,
  removeUsageOf: true,
  restore: true,
  search: true,
  settleDeletion: true,
  turn: true,
  turnByKey: true,
  turns: true,
  unfinished: true,
  updateDeadLetter: true
}

const maintenance: Record<keyof NonNullable<Store["maintenance"]>, boolean> = {
  backup: true,
  optimize: true,
  stats: true
}

type Failure = InvalidRequest | MessageNotFound | OwnershipLost | SessionNotFound | StoreError
type Operation = Effect.Effect<unknown, Failure>

const wrapMembers = (target: object, members: Readonly<Record<string, boolean>>, log: CountedLog): object =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, isOperation]) => {
      const member: unknown = Reflect.get(target, name)
      if (member === undefined) return []
      if (name === "maintenance") return [[name, wrapMembers(member as object, maintenance, log)]]
      if (!isOperation) return [[name, member]]
      const logged = (operation: Operation) => Effect.tapError(operation, (error) => logFailure(log, name, error))
      return [[
        name,
        typeof member === "function"
          ? (...args: ReadonlyArray<unknown>) => logged(Reflect.apply(member, target, args) as Operation)
          : logged(member as Operation)
      ]]
    })
  )

const logFailure = (log: CountedLog, operation: string, error: Failure): Effect.Effect<void> =>
  error instanceof StoreError
    ? log(error.reason, {
      level: LogLevel.Error,
      message: "The store failed",
      details: { operation, reason: error.reason, ...(isCode.test(error.detail) && { detail: error.detail }) }
    })
    : Effect.void

/** The detail of a store of the application's own may be any text. */
const isCode = /^[A-Z][A-Z0-9_]{0,63}$/
