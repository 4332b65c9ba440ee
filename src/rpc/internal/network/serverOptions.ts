import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import { isIP } from "node:net"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import * as AccessToken from "../../AccessToken.js"
import * as Limits from "../../ServerLimits.js"

interface CheckedOptions {
  readonly allowedHosts?: ReadonlyArray<string>
  readonly allowedOrigins?: ReadonlyArray<string>
  readonly limits?: Partial<Limits.ServerLimits>
  readonly port: number
  readonly token: Redacted.Redacted<string>
  readonly trustedProxies?: ReadonlyArray<string>
}

/**
 * Checks the options of a server, and returns its limits. Fails with `ConfigurationError`, which lists everything that is wrong.
 */
export const checkOptions = (
  { allowedHosts = [], allowedOrigins = [], limits, port, token, trustedProxies = [] }: CheckedOptions
): Effect.Effect<Limits.ServerLimits, ConfigurationError> => {
  const weakness = AccessToken.findProblem(token)
  const resolved = Limits.resolve(limits)
  const [first, ...others] = [
    ...(weakness === undefined ? [] : [`token ${weakness}`]),
    ...(isPort(port) ? [] : [`port must be a whole number from 0 to ${maxPort} (got ${port})`]),
    ...allowedHosts.filter((host) => !hostName.test(host)).map((host) =>
      `allowedHosts must be names such as chat.example.com, without scheme and port (got ${quote(host)})`
    ),
    ...allowedOrigins.filter((origin) => !isOrigin(origin)).map((origin) =>
      `allowedOrigins must be origins such as https://chat.example.com, without a path (got ${quote(origin)})`
    ),
    ...trustedProxies.filter((address) => isIP(address) === 0).map((address) =>
      `trustedProxies must be IP addresses (got ${quote(address)})`
    ),
    ...(Either.isLeft(resolved) ? resolved.left.problems : [])
  ]
  return first === undefined
    ? Effect.orDie(resolved)
    : new ConfigurationError({ problems: [first, ...others] })
}

/** An address as written in a URL and in a `Host` header. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

const maxPort = 65_535
const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= maxPort

const hostName = /^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/i

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text.toLowerCase()

const quote = (text: string) => JSON.stringify(text.slice(0, 100))
