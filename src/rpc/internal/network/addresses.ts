import { isIPv4, isIPv6 } from "node:net"
import type { ServerLimits } from "../../ServerLimits.js"
import { TokenBucket } from "./TokenBucket.js"

/**
 * What each address does: how many connections it has, how many it opened in the last minute, how many wrong tokens it sent, and
 * how many calls it made over HTTP. Times are milliseconds of one clock.
 */
export class Addresses {
  readonly #entries = new Map<string, Entry>()

  constructor(readonly limits: ServerLimits) {}

  /** Counts a new connection. Returns the limit that it exceeds; it is then not counted. */
  open(address: string, now: number): "connectionsPerAddress" | "newConnectionsPerMinute" | undefined {
    const entry = this.#entryOf(address)
    const isTooNew = !isLoopback(address) && entry.opened.count(now) >= this.limits.newConnectionsPerMinute
    const exceeded = this.openRequest(address) ?? (isTooNew ? "newConnectionsPerMinute" : undefined)
    if (exceeded === undefined) entry.opened.add(now)
    else if (exceeded === "newConnectionsPerMinute") entry.open -= 1
    return exceeded
  }

  /** Counts a request on a connection that others share. It is open like a connection, and not new like one. */
  openRequest(address: string): "connectionsPerAddress" | undefined {
    const entry = this.#entryOf(address)
    if (!isLoopback(address) && entry.open >= this.limits.connectionsPerAddress) return "connectionsPerAddress"
    entry.open += 1
    return undefined
  }

  close(address: string): void {
    this.#entryOf(address).open -= 1
  }

  addWrongToken(address: string, now: number): void {
    this.#entryOf(address).wrongTokens.add(now)
  }

  /** Milliseconds until the address may try a token again. */
  lockedFor(address: string, now: number): number {
    const wrong = this.#entries.get(address)?.wrongTokens
    return wrong !== undefined && wrong.count(now) >= this.limits.wrongTokensPerMinute ? wrong.remaining(now) : 0
  }

  /** The calls that an address may make over HTTP, where a connection is only one request. */
  calls(address: string, now: number): TokenBucket {
    const { callBurst, callsPerSecond } = this.limits
    return this.#entryOf(address).calls ??= new TokenBucket(callBurst, callsPerSecond, now)
  }

  /** Forgets addresses that have nothing open and have done nothing for a minute. */
  prune(now: number): void {
    for (const [address, { calls, open, opened, wrongTokens }] of this.#entries) {
      if (open > 0 || opened.count(now) > 0 || wrongTokens.count(now) > 0) continue
      if (calls === undefined || calls.isFull(now)) this.#entries.delete(address)
    }
  }

  #entryOf(address: string): Entry {
    const known = this.#entries.get(address)
    if (known !== undefined) return known
    const entry: Entry = { open: 0, opened: new MinuteCount(), wrongTokens: new MinuteCount(), calls: undefined }
    this.#entries.set(address, entry)
    return entry
  }
}

interface Entry {
  open: number
  readonly opened: MinuteCount
  readonly wrongTokens: MinuteCount
  calls: TokenBucket | undefined
}

/** Counts what happens in a minute, which begins with the first. */
class MinuteCount {
  #from = 0
  #count = 0

  add(now: number): void {
    if (this.count(now) === 0) this.#from = now
    this.#count += 1
  }

  count(now: number): number {
    if (now - this.#from >= minute) this.#count = 0
    return this.#count
  }

  remaining(now: number): number {
    return Math.max(1, this.#from + minute - now)
  }
}

const minute = 60_000

/**
 * Finds the address of a client: that of its socket, or, when that is a trusted proxy, the last one in `X-Forwarded-For` that is
 * not a trusted proxy too. What comes before it in the header may be invented by the client.
 */
export const makeClientAddress = (trustedProxies: ReadonlyArray<string>) => {
  const proxies = new Set(trustedProxies.map(normalize))
  return {
    isProxy: (socketAddress: string | undefined) => proxies.has(normalize(socketAddress ?? "")),
    of: (socketAddress: string | undefined, forwardedFor: string | undefined): string => {
      const peer = normalize(socketAddress ?? "")
      if (!proxies.has(peer) || forwardedFor === undefined) return networkOf(peer)
      const hops = forwardedFor.split(",").map((hop) => normalize(hop.trim()))
      const client = hops.findLast((hop) => !proxies.has(hop)) ?? peer
      return networkOf(isIPv4(client) || isIPv6(client) ? client : peer)
    }
  }
}

/** One form for each address: an IPv4 address without its IPv6 prefix, an IPv6 address without a zone. */
const normalize = (address: string) =>
  address.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase()

/** A client commands all addresses of its IPv6 network, the first 64 bits of its address. */
const networkOf = (address: string): string => {
  if (!isIPv6(address) || address === "::1") return address
  const [head = "", tail] = address.split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after]
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`
}

export const isLoopback = (address: string): boolean => address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address)
