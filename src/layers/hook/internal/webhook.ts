import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Scope } from "effect/Scope"
import * as Dns from "node:dns"
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { Alert } from "./alertRules.js"

/**
 * Whether an IP address is one that a request from inside a network could reach and one from outside could not, or is no
 * address of a host at all. By the special-purpose registries of IANA: RFC 6890 and what has come since. IPv6 forms that
 * carry an IPv4 address count as private altogether, but for those that the operating system maps itself.
 */
export const isPrivateAddress = (address: string): boolean => reserved.check(address, isIPv6(address) ? "ipv6" : "ipv4")

const reserved = new BlockList()

for (
  const [network, prefix] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4]
  ] as const
) reserved.addSubnet(network, prefix, "ipv4")

for (
  const [network, prefix] of [
    ["::", 96],
    ["64:ff9b::", 96],
    ["64:ff9b:1::", 48],
    ["100::", 64],
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["fc00::", 7],
    ["fe80::", 10],
    ["fec0::", 10],
    ["ff00::", 8]
  ] as const
) reserved.addSubnet(network, prefix, "ipv6")

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

export interface WebhookOptions {
  readonly url: string
  /** Sent with each request: a token, say. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>>
  /** For one request, from the lookup of its host to the answer. 5 seconds unless told. */
  readonly timeout?: Duration.DurationInput
  /** Take `http`, where anybody on the way can read it. False unless told. */
  readonly allowHttp?: boolean
  /** Take hosts in private networks, on this machine too. False unless told. */
  readonly allowPrivate?: boolean
}

/** The lookup stands in the agent, since only that sees what a connection is made to. A connection is used once. */
export const makeWebhookSink = Effect.fnUntraced(function*({
  allowHttp = false,
  allowPrivate = false,
  headers = {},
  timeout = "5 seconds",
  url
}: WebhookOptions): Effect.fn.Return<
  (alert: Alert) => Effect.Effect<void, WebhookFailed>,
  ConfigurationError,
  Scope
> {
  const problems = webhookProblems(url, { allowHttp, allowPrivate })
  if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })

  const agent = yield* NodeHttpClient.makeAgent({
    keepAlive: false,
    ...(!allowPrivate && { lookup: publicLookup })
  })
  // No span either: it would have the address in it.
  const client = (yield* Effect.provideService(NodeHttpClient.make, NodeHttpClient.HttpAgent, agent)).pipe(
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withScope
  )
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeaders(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)] as const))
  )

  return (alert) =>
    HttpClientRequest.bodyJson(request, alert).pipe(
      Effect.orDie,
      Effect.flatMap((post) => client.execute(post)),
      // What the address is, and what it answers, may be a secret: neither is in the error. What it answers is not read.
      Effect.mapError(() =>
        new WebhookFailed({ message: "the webhook cannot be reached, or its host is in a private network" })
      ),
      Effect.timeoutFail({
        duration: timeout,
        onTimeout: () =>
          new WebhookFailed({
            message: `the webhook did not answer within ${Duration.format(Duration.decode(timeout))}`
          })
      }),
      Effect.flatMap(({ status }) =>
        status >= 200 && status < 300
          ? Effect.void
          : Effect.fail(new WebhookFailed({ message: `the webhook answered HTTP ${status}` }))
      ),
      Effect.scoped
    )
})

class WebhookFailed extends Data.TaggedError("WebhookFailed")<{ readonly message: string }> {}
