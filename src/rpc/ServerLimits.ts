import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { ConfigurationError } from "../domain/error/RequestError.js"

/**
 * What a server accepts from its clients. All limits have defaults.
 */
export interface ServerLimits {
  /** Open connections. When one more arrives, the oldest without an authorised call is closed; if there is none, the new one. Default: 20,000. */
  readonly connections: number
  /** Open connections without an authorised call. When one more arrives, the oldest of them is closed. Default: 512. */
  readonly unauthorizedConnections: number
  /** Open connections of one address. Not for the loopback interface. Default: 1,024. */
  readonly connectionsPerAddress: number
  /** New connections of one address per minute. Not for the loopback interface. Default: 128. */
  readonly newConnectionsPerMinute: number
  /** Wrong tokens of one address per minute, before its requests are answered with HTTP 429. Default: 10. */
  readonly wrongTokensPerMinute: number
  /** Calls that may run on one connection. Streams are counted apart. Default: 1,024. */
  readonly callsPerConnection: number
  /** Streams that may run on one connection. Default: 1,024. */
  readonly streamsPerConnection: number
  /** Calls that may run in all. No connection may have more than a quarter while another has any. Default: 8,192. */
  readonly calls: number
  /** Streams that may run in all. No connection may have more than a quarter while another has any. Default: 16,384. */
  readonly streams: number
  /** Calls that one connection may start at once; over HTTP, one address. Default: 4,096. */
  readonly callBurst: number
  /** Calls per second that it may start after that. Default: 2,000. */
  readonly callsPerSecond: number
  /** Bytes that a client may leave unread before its connection is not read from any more. Default: 1 MiB. */
  readonly unreadBytes: number
  /** How long a client may leave more than that unread before its connection is closed. Default: 30 seconds. */
  readonly unreadTimeout: Duration.DurationInput
  /** Bytes of answers that are encoded at the same time, over all connections. Default: 32 MiB. */
  readonly encodingBytes: number
}

const defaults: ServerLimits = {
  connections: 20_000,
  unauthorizedConnections: 512,
  connectionsPerAddress: 1024,
  newConnectionsPerMinute: 128,
  wrongTokensPerMinute: 10,
  callsPerConnection: 1024,
  streamsPerConnection: 1024,
  calls: 8192,
  streams: 16_384,
  callBurst: 4096,
  callsPerSecond: 2000,
  unreadBytes: 1024 * 1024,
  unreadTimeout: "30 seconds",
  encodingBytes: 32 * 1024 * 1024
}

/**
 * The given limits with the defaults for the others. Fails with `ConfigurationError`, which names each limit that is unknown or
 * has a wrong value.
 */
export const resolve = (given: Partial<ServerLimits> = {}): Either.Either<ServerLimits, ConfigurationError> => {
  const problems = Object.entries(given).flatMap(([name, value]) => problemOf(name, value))
  const [first, ...others] = problems
  return first === undefined
    ? Either.right({ ...defaults, ...withoutUndefined(given) })
    : Either.left(new ConfigurationError({ problems: [first, ...others] }))
}

const problemOf = (name: string, value: unknown): ReadonlyArray<string> => {
  if (!names.has(name)) return [`limits.${name} is not a limit; the limits are ${[...names].join(", ")}`]
  if (value === undefined) return []
  if (name === "unreadTimeout") {
    const timeout = Duration.decodeUnknown(value)
    return timeout._tag === "Some" && Duration.greaterThanOrEqualTo(timeout.value, "1 second")
      ? []
      : [`limits.${name} must be a duration of at least 1 second`]
  }
  return Number.isInteger(value) && Number(value) >= 1 ? [] : [`limits.${name} must be a whole number of at least 1`]
}

const names: ReadonlySet<string> = new Set(Object.keys(defaults))

const withoutUndefined = (given: Partial<ServerLimits>): Partial<ServerLimits> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
