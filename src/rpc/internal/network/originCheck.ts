import type { IncomingHttpHeaders } from "node:http"
import { InvalidRequest } from "../../../domain/error/RequestError.js"

/**
 * A request that is refused as a whole.
 */
export interface HttpRefusal {
  readonly status: number
  readonly error: InvalidRequest
}

/**
 * Checks the `Host` and `Origin` headers: the host against DNS rebinding, the origin against calls from other web pages.
 */
export const makeOriginCheck = (allowed: {
  readonly hosts: ReadonlyArray<string>
  readonly origins: ReadonlyArray<string>
}) => {
  const hosts = new Set([...loopback, ...allowed.hosts].map((host) => host.toLowerCase()))
  const origins = new Set(allowed.origins.map((origin) => origin.toLowerCase()))

  return {
    /** Why a request with such headers is refused; undefined when it is allowed. */
    refusalOf: ({ host = "", origin }: IncomingHttpHeaders): HttpRefusal | undefined => {
      const name = hostHeader.exec(host.toLowerCase())?.[1]
      if (name === undefined || !hosts.has(name)) {
        return refusal(421, "host", "is not a known name of this server; add it to allowedHosts")
      }
      if (origin !== undefined && !origins.has(origin.toLowerCase())) {
        return refusal(403, "origin", "may not call this server; add it to allowedOrigins")
      }
      return undefined
    },

    /** What tells a browser that a page of an allowed origin may read the answer. Never `*`. */
    corsHeaders: ({ origin }: IncomingHttpHeaders): Record<string, string> =>
      origin !== undefined && origins.has(origin.toLowerCase())
        ? {
          "access-control-allow-origin": origin,
          "access-control-expose-headers": "retry-after, www-authenticate, x-correlation-id",
          vary: "Origin"
        }
        : { vary: "Origin" }
  }
}

/** What a browser asks for before it calls from a page of an allowed origin. */
export const preflightHeaders = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "authorization, content-type, b3, traceparent",
  "access-control-max-age": "600"
}

const refusal = (status: number, header: string, reason: string): HttpRefusal => ({
  status,
  error: new InvalidRequest({ path: [header], reason })
})

const loopback = ["127.0.0.1", "localhost", "[::1]"]
const hostHeader = /^(\[[0-9a-f:.]{2,64}\]|[^:[\]]{1,255})(?::\d{1,5})?$/
