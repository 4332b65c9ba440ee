import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import { makeCountedLog } from "../../services/internal/countedLog.js"
import { escapeShort } from "../../services/internal/escapeText.js"

/**
 * What a server reports to its operator of the clients that it refuses. A client can cause each of these lines, so they are counted:
 * see `makeCountedLog`. Nothing that a client sent is logged but a `Host` and an `Origin`, escaped and cut.
 *
 * `Limit` are the names of the server's limits.
 */
export interface OperatorLog<Limit extends string> {
  readonly refusedToken: (address: string) => Effect.Effect<void>
  readonly refusedHost: (address: string, host: string) => Effect.Effect<void>
  readonly refusedOrigin: (address: string, origin: string) => Effect.Effect<void>
  /** A call or a connection was refused. */
  readonly limitReached: (limit: Limit, address: string) => Effect.Effect<void>
  /** A connection was closed. */
  readonly closedByLimit: (limit: Limit, address: string) => Effect.Effect<void>
}

export const makeOperatorLog = <Limit extends string>(): Effect.Effect<OperatorLog<Limit>, never, Scope.Scope> =>
  Effect.map(makeCountedLog, (log) => {
    const warn = (kind: string, message: string, details: Readonly<Record<string, string>>) =>
      log(kind, {
        level: LogLevel.Warning,
        message,
        // An address may be the text of a proxy's header.
        details: Object.fromEntries(Object.entries(details).map(([name, text]) => [name, escapeShort(text)]))
      })

    return {
      refusedToken: (address) => warn("token", "Refused a token", { address }),
      refusedHost: (address, host) => warn("host", "Refused a host", { address, host }),
      refusedOrigin: (address, origin) => warn("origin", "Refused an origin", { address, origin }),
      limitReached: (limit, address) => warn(`reached ${limit}`, "Reached a limit", { address, limit }),
      closedByLimit: (limit, address) => warn(`closed ${limit}`, "Closed a connection", { address, limit })
    }
  })
