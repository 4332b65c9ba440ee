import * as Dns from "node:dns"
import type { LookupFunction } from "node:net"
import { isPrivateAddress } from "./isPrivateAddress.js"

/**
 * Resolves a name for a connection that is about to be made, and refuses it when any of its addresses is private. The
 * connection goes to what was looked at: a name that is resolved once more could lead elsewhere by then.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) =>
  Dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? []
    if (error || first === undefined) return callback(error ?? refusal, "")
    if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(refusal, "")
    if (options.all) callback(null, addresses)
    else callback(null, first.address, first.family)
  })

const refusal: NodeJS.ErrnoException = Object.assign(
  new Error("The webhook's host has a private address, or none; allow it with allowPrivate"),
  { code: "EACCES" }
)
