import { InvalidRequest } from "../../domain/error/InvalidRequest.js"

const loopback = ["127.0.0.1", "localhost", "[::1]"]
const hostHeader = /^(\[[0-9a-f:.]{2,64}\]|[^:[\]]{1,255})(?::\d{1,5})?$/

/**
 * Which names the server answers to, and which web pages may call it. A page whose name was made to resolve to this machine
 * betrays itself by the `Host`, one that calls across origins by the `Origin`. Gives a function that says why a request
 * with such headers is refused, if it is.
 */
export const makeAllowList = (allowed: {
  readonly hosts: ReadonlyArray<string>
  readonly origins: ReadonlyArray<string>
}) => {
  const hosts = new Set([...loopback, ...allowed.hosts].map((host) => host.toLowerCase()))
  const origins = new Set(allowed.origins)

  return (host = "", origin?: string) => {
    const name = hostHeader.exec(host.toLowerCase())?.[1]
    if (name === undefined || !hosts.has(name)) {
      return refusal(421, "host", "is not a name of this server; add it to allowedHosts")
    }
    if (origin !== undefined && !origins.has(origin)) {
      return refusal(403, "origin", "may not call this server; add it to allowedOrigins")
    }
    return undefined
  }
}

const refusal = (status: number, header: string, reason: string) => ({
  status,
  error: new InvalidRequest({ path: [header], reason })
})
