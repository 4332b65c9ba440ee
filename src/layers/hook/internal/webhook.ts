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

export interface WebhookOptions {
  /** An absolute `https` URL without credentials. */
  readonly url: string
  /** Headers of each request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>>
  /** Time limit for one request, from DNS lookup to response. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput
  /** Allow unencrypted `http`. Default: false. */
  readonly allowHttp?: boolean
  /** Allow hosts in private networks, and this machine. Default: false. */
  readonly allowPrivate?: boolean
}

/**
 * A function that posts alerts. The address check is in the agent's DNS lookup, because only that determines the address connected
 * to. Connections are not reused, so every request is checked.
 */
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
  // No span, because it would contain the URL.
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
      // The URL and the response may be secret, so neither is in the error. The response body is not read.
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

/**
 * The problems of a webhook URL. They do not quote it, because it may contain a secret.
 */
const webhookProblems = (
  url: string,
  { allowHttp, allowPrivate }: { readonly allowHttp: boolean; readonly allowPrivate: boolean }
): ReadonlyArray<string> => {
  if (!URL.canParse(url)) return ["the \"url\" of a webhook must be an absolute URL"]
  const { hostname, password, protocol, username } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  return [
    ...(protocol === "https:" || (protocol === "http:" && allowHttp)
      ? []
      : ["the \"url\" of a webhook must be https: to use http, set \"allowHttp\""]),
    ...(username === "" && password === ""
      ? []
      : ["the \"url\" of a webhook must not contain credentials: use \"headers\""]),
    // A hostname is checked when it is resolved; an address is never resolved.
    ...(isIP(host) > 0 && isPrivateAddress(host) && !allowPrivate
      ? ["the \"url\" of a webhook must not be a private address: to allow it, set \"allowPrivate\""]
      : [])
  ]
}

/**
 * Resolves a hostname for a connection, and refuses it when any of its addresses is private. The connection uses the addresses
 * checked here; resolving the name a second time could give others.
 */
const publicLookup: LookupFunction = (hostname, options, callback) =>
  Dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? []
    if (error || first === undefined) return callback(error ?? refusal, "")
    if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(refusal, "")
    if (options.all) callback(null, addresses)
    else callback(null, first.address, first.family)
  })

const refusal: NodeJS.ErrnoException = Object.assign(
  new Error("The webhook's host has no address, or a private one: to allow it, set \"allowPrivate\""),
  { code: "EACCES" }
)

/**
 * Whether an IP address is reachable only from inside a network, or is not the address of a host. Follows IANA's special-purpose
 * registries (RFC 6890 and later entries). All IPv6 forms that embed an IPv4 address count as private, except those that the
 * operating system maps itself.
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
