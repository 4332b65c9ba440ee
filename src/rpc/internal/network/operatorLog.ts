import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import { makeCountedLog } from "../../../services/internal/countedLog.js"
import { escapeShort } from "../../../services/internal/escapeText.js"
import type { ServerLimits } from "../../ServerLimits.js"

/** The names of the server's limits, fixed ones included. */
export type LimitName =
  | keyof ServerLimits
  | "authorizationTimeout"
  | "messageTimeout"
  | "pings"
  | "unauthorizedMessages"
  | "unfinishedBytes"

/**
 * What a server reports to its operator of the clients that it refuses. A client can cause each of these lines, so they are counted:
 * see `makeCountedLog`. Nothing that a client sent is logged but a `Host` and an `Origin`, escaped and cut.
 */
export interface OperatorLog {
  readonly refusedToken: (address: string, correlationId: string) => Effect.Effect<void>
  readonly refusedHost: (address: string, host: string, correlationId: string) => Effect.Effect<void>
  readonly refusedOrigin: (address: string, origin: string, correlationId: string) => Effect.Effect<void>
  /** A call or a connection was refused. */
  readonly limitReached: (limit: LimitName, address: string) => Effect.Effect<void>
  /** A connection was closed. */
  readonly closedByLimit: (limit: LimitName, address: string) => Effect.Effect<void>
}

/** The same, for the listeners of sockets. */
export type ServerLog = {
  readonly [Line in keyof OperatorLog]: (...details: Parameters<OperatorLog[Line]>) => void
}

export const makeOperatorLog: Effect.Effect<OperatorLog, never, Scope.Scope> = Effect.map(makeCountedLog, (log) => {
  const warn = (kind: string, message: string, details: Readonly<Record<string, string>>) =>
    log(kind, {
      level: LogLevel.Warning,
      message,
      // An address may be the text of a proxy's header.
      details: Object.fromEntries(Object.entries(details).map(([name, text]) => [name, escapeShort(text)]))
    })

  return {
    refusedToken: (address, correlationId) => warn("token", "Refused a token", { address, correlationId }),
    refusedHost: (address, host, correlationId) => warn("host", "Refused a host", { address, host, correlationId }),
    refusedOrigin: (address, origin, correlationId) =>
      warn("origin", "Refused an origin", { address, origin, correlationId }),
    limitReached: (limit, address) => warn(`reached ${limit}`, "Reached a limit", { address, limit }),
    closedByLimit: (limit, address) => warn(`closed ${limit}`, "Closed a connection", { address, limit })
  }
})
