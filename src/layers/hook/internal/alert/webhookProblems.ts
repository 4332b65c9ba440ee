import { isIP } from "node:net"
import { isPrivateAddress } from "./isPrivateAddress.js"

/**
 * What is wrong with the address of a webhook, in words that do not quote it: it may hold a secret.
 */
export const webhookProblems = (
  url: string,
  { allowHttp, allowPrivate }: { readonly allowHttp: boolean; readonly allowPrivate: boolean }
): ReadonlyArray<string> => {
  if (!URL.canParse(url)) return ["the url of a webhook must be an absolute URL"]
  const { hostname, password, protocol, username } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  return [
    ...(protocol === "https:" || (protocol === "http:" && allowHttp)
      ? []
      : ["the url of a webhook must be https; allow http with allowHttp"]),
    ...(username === "" && password === "" ? [] : ["the url of a webhook must have no user in it; use headers"]),
    // A name is looked at when it has been resolved; an address never is.
    ...(isIP(host) > 0 && isPrivateAddress(host) && !allowPrivate
      ? ["the url of a webhook must not be a private address; allow it with allowPrivate"]
      : [])
  ]
}
