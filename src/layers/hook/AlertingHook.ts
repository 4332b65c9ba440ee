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

// A sink may fail with any error; the bus treats them all alike.
// @effect-diagnostics anyUnknownInErrorContext:off

export type { Alert, AlertRule, WebhookOptions }

/**
 * Sends an alert. A sink that fails is retried with the same alert; sinks that succeeded are not.
 */
export type AlertSink = (alert: Alert) => Effect.Effect<void, unknown>

export interface AlertingHookOptions {
  /** Rules with unique names. */
  readonly rules: ReadonlyArray<AlertRule>
  readonly sinks: ReadonlyArray<AlertSink>
}

/**
 * A hook named `alerting` that sends an alert to all sinks when a rule fires. An alert names the rule, session and event, and never
 * quotes the conversation. Rules count in memory: a restart resets them.
 *
 * Fails with `ConfigurationError` when two rules have the same name, or a threshold is out of range.
 */
export const make = Effect.fnUntraced(function*({ rules, sinks }: AlertingHookOptions) {
  const problems = ruleProblems(rules)
  if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })
  const counters = rules.map((rule) => makeRule(rule))
  const resume = makeResumable(sinks)
  let current: { readonly event: SessionEvent; readonly alerts: ReadonlyArray<Alert> } | undefined

  /** Rules count an event once, even if the hook receives it again because a sink failed. */
  const toAlerts = (event: SessionEvent) =>
    Effect.suspend(() =>
      current?.event === event
        ? Effect.succeed(current.alerts)
        : Effect.map(Effect.forEach(counters, (rule) => rule(event)), (found) => {
          const alerts = Arr.getSomes(found)
          current = { event, alerts }
          return alerts
        })
    )

  const hook: Hook = {
    name: "alerting",
    timeout: "30 seconds",
    on: (event) =>
      Effect.flatMap(toAlerts(event), (alerts) =>
        alerts.length === 0
          ? Effect.void
          : resume(event, (sink) => Effect.forEach(alerts, sink, { discard: true })))
  }
  return hook
})

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` as `make` does, and when there is already a hook named `alerting`.
 */
export const layer = (options: AlertingHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook)))

/**
 * Adds the hook with sinks that are made by an effect, such as a webhook.
 */
export const layerWith = <E, R>(
  sinks: Effect.Effect<ReadonlyArray<AlertSink>, E, R>,
  options: Omit<AlertingHookOptions, "sinks">
): Layer.Layer<never, ConfigurationError | E, Exclude<R, Scope> | HookBus> =>
  Layer.unwrapScoped(Effect.map(sinks, (made) => layer({ ...options, sinks: made })))

/**
 * Logs an alert at level `Info`, `Warning` or `Error`, by its severity.
 */
export const logSink: AlertSink = ({ rule, severity, ...details }) => {
  const message = `Alert: ${rule}`
  const write = { info: Effect.logInfo, warning: Effect.logWarning, critical: Effect.logError }[severity]
  return Effect.annotateLogs(write(message), details)
}

/**
 * Posts an alert as JSON. The URL must be `https` and public, unless the options allow otherwise. Redirects are not followed, and
 * any status but 2xx is a failure. Fails with `ConfigurationError` when the URL is not allowed.
 */
export const webhookSink: (options: WebhookOptions) => Effect.Effect<
  AlertSink,
  ConfigurationError,
  Scope
> = makeWebhookSink
