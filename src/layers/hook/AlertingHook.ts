import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { type Alert, type AlertRule, makeRule, ruleProblems } from "./internal/alertRules.js"
import { makeResumable } from "./internal/resumable.js"
import { makeWebhookSink, type WebhookOptions } from "./internal/webhook.js"

// What a sink fails with is its own: the bus takes anything for a failure.
// @effect-diagnostics anyUnknownInErrorContext:off

export type { Alert, AlertRule, WebhookOptions }

/**
 * Brings an alert to somebody. When it fails it is tried again, for this alert and without the other sinks.
 */
export type AlertSink = (alert: Alert) => Effect.Effect<void, unknown>

export interface AlertingHookOptions {
  /** Each with a name of its own. */
  readonly rules: ReadonlyArray<AlertRule>
  readonly sinks: ReadonlyArray<AlertSink>
}

/**
 * A hook named `alerting` that tells its sinks when a rule says so. An alert says which rule, which session and which event,
 * and never what people said. What rules have counted is lost with the process.
 *
 * Fails with `ConfigurationError` when two rules have one name, or a rule cannot be kept.
 */
export const make = Effect.fnUntraced(function*({ rules, sinks }: AlertingHookOptions) {
  const problems = ruleProblems(rules)
  if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })
  const live = rules.map((rule) => makeRule(rule))
  const resume = makeResumable(sinks)
  let current: { readonly event: SessionEvent; readonly alerts: ReadonlyArray<Alert> } | undefined

  /** A rule counts an event once, however often the hook has to be told of it until all sinks have taken it. */
  const alertsOf = (event: SessionEvent) =>
    Effect.suspend(() =>
      current?.event === event
        ? Effect.succeed(current.alerts)
        : Effect.map(Effect.forEach(live, (rule) => rule(event)), (found) => {
          const alerts = Arr.getSomes(found)
          current = { event, alerts }
          return alerts
        })
    )

  const hook: Hook = {
    name: "alerting",
    timeout: "30 seconds",
    on: (event) =>
      Effect.flatMap(alertsOf(event), (alerts) =>
        alerts.length === 0
          ? Effect.void
          : resume(event, (sink) => Effect.forEach(alerts, sink, { discard: true })))
  }
  return hook
})

/**
 * Adds it to the bus. Fails when a hook named `alerting` is there already, or when a rule cannot be kept.
 */
export const layer = (options: AlertingHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook)))

/**
 * Adds the hook, with sinks that have to be made first, such as a webhook.
 */
export const layerWith = <E, R>(
  sinks: Effect.Effect<ReadonlyArray<AlertSink>, E, R>,
  options: Omit<AlertingHookOptions, "sinks">
): Layer.Layer<never, ConfigurationError | E, Exclude<R, Scope> | HookBus> =>
  Layer.unwrapScoped(Effect.map(sinks, (made) => layer({ ...options, sinks: made })))

/**
 * Writes an alert to the log: at level `Info`, `Warning` or `Error`, by its severity.
 */
export const logSink: AlertSink = ({ rule, severity, ...details }) => {
  const message = `Alert: ${rule}`
  const write = { info: Effect.logInfo, warning: Effect.logWarning, critical: Effect.logError }[severity]
  return Effect.annotateLogs(write(message), details)
}

/**
 * Posts an alert as JSON. Its address must be `https`, and must not lead into a private network, unless told; it follows no
 * redirect, and takes any answer but a 2xx for a failure. Fails with `ConfigurationError` when the address is refused.
 */
export const webhookSink: (options: WebhookOptions) => Effect.Effect<
  AlertSink,
  ConfigurationError,
  Scope
> = makeWebhookSink
