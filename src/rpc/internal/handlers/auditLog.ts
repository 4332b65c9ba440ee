import type * as Headers from "@effect/platform/Headers"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { escapeShort } from "../../../services/internal/escapeText.js"
import { Principal } from "../../Authentication.js"

/**
 * One line for each call that copies sessions out of the server, puts them in, or destroys what they hold, once it has ended:
 * the call, what it was about, who made it and from where, and the outcome. Other calls are not logged.
 */
export const auditEffect = <A, E, R>(call: AuditedCall, run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const audit = audits[call.tag]
  return audit === undefined ? run : Effect.onExit(run, (exit) => {
    const result = Exit.isSuccess(exit) ? exit.value : undefined
    return audit.changesNothing?.(call.payload, result)
      ? Effect.void
      : writeLine(call, exit, audit.of(call.payload, result))
  })
}

/**
 * The same for a call with a stream of results, which the line counts.
 */
export const auditStream = <A, E, R>(call: AuditedCall, results: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
  const audit = audits[call.tag]
  return audit === undefined ? results : Stream.suspend(() => {
    let sessions = 0
    return results.pipe(
      Stream.tap(() => Effect.sync(() => sessions++)),
      Stream.ensuringWith((exit) => writeLine(call, exit, { ...audit.of(call.payload, undefined), sessions }))
    )
  })
}

export interface AuditedCall {
  readonly tag: string
  readonly headers: Headers.Headers
  /** Undefined when it does not fit the call's schema. */
  readonly payload: unknown
}

/** Set by the server for each connection; a client cannot set it. */
export const addressHeader = "x-langswarm-address"

interface Audit {
  /** What the line says of the payload and the result. Either is undefined where there is none. */
  readonly of: (payload: unknown, result: unknown) => Details
  /** Whether the call does nothing by itself, so that it needs no line. */
  readonly changesNothing?: (payload: unknown, result: unknown) => boolean
}

type Details = Readonly<Record<string, string | number>>

/** The value of a field, if it may stand in a line. */
const field = (from: unknown, name: string, as = name): Details => {
  const value = Predicate.hasProperty(from, name) ? from[name] : undefined
  if (Predicate.isNumber(value)) return { [as]: value }
  return Predicate.isString(value) ? { [as]: escapeShort(value, maxId) } : {}
}

/** Ids of users are the longest. */
const maxId = 256

const target = (name: string): Audit => ({ of: (payload) => field(payload, name, "target") })

const audits: Readonly<Record<string, Audit>> = {
  Backup: target("name"),
  Cleanup: {
    of: (payload, result) => ({
      ...field(result ?? payload, "action"),
      ...(Predicate.hasProperty(result, "sessions") && Array.isArray(result.sessions) &&
        { sessions: result.sessions.length })
    }),
    changesNothing: (payload) => Predicate.hasProperty(payload, "dryRun") && payload.dryRun === true
  },
  Clear: target("sessionId"),
  Delete: target("sessionId"),
  EraseUser: { of: (payload, result) => ({ ...field(payload, "userId", "target"), ...field(result, "sessions") }) },
  Export: target("sessionId"),
  ExportSessions: target("userId"),
  ImportPart: {
    of: (_, result) => ({ ...field(result, "sessionId", "target"), ...field(result, "outcome", "result") }),
    changesNothing: (_, result) => result === null
  }
}

const writeLine = (
  { headers, tag }: AuditedCall,
  exit: Exit.Exit<unknown, unknown>,
  details: Details
): Effect.Effect<void> =>
  Effect.flatMap(Effect.serviceOption(Principal), (principal) =>
    Effect.annotateLogs(Effect.logInfo("Audit"), {
      operation: tag,
      ...details,
      ...(Option.isSome(principal) && { principal: escapeShort(principal.value.name) }),
      outcome: toOutcome(exit),
      ...field(headers, addressHeader, "address")
    }))

const toOutcome = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  if (Cause.isInterruptedOnly(exit.cause)) return "interrupted"
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) ? error._tag : "defect"
}
