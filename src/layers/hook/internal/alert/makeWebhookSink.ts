import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Scope } from "effect/Scope"
import { ConfigurationError } from "../../../../domain/error/ConfigurationError.js"
import type { Alert } from "./Alert.js"
import { publicLookup } from "./publicLookup.js"
import { webhookProblems } from "./webhookProblems.js"

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
