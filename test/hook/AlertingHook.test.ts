// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import * as AlertingHook from "../../src/layers/hook/AlertingHook.js"
import { session } from "../domain/conversation.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import { archived, errored, failed, sent } from "./events.js"

const collecting = () => {
  const alerts: Array<AlertingHook.Alert> = []
  const sink: AlertingHook.AlertSink = (alert) => Effect.sync(() => alerts.push(alert))
  return { alerts, sink }
}
const isFailure: AlertingHook.AlertRule["when"] = ({ _tag }) => _tag === "TurnFailed"

const rule = (count: number) => ({
  name: "a",
  when: isFailure,
  threshold: { count, within: "1 second" as const }
})

const refused = (...rules: ReadonlyArray<AlertingHook.AlertRule>) =>
  Effect.map(Effect.flip(AlertingHook.make({ rules, sinks: [] })), ({ problems }) => problems)

describe("AlertingHook", () => {
  it.effect("sends an alert when a rule fires, without text of the conversation", () =>
    Effect.gen(function*() {
      const { alerts, sink } = collecting()
      const { on } = yield* AlertingHook.make({
        rules: [
          { name: "errored", severity: "critical", when: ({ _tag }) => _tag === "SessionErrored" },
          { name: "all", when: () => true }
        ],
        sinks: [sink]
      })
      yield* on(errored)
      assert.deepStrictEqual(
        alerts,
        ["errored", "all"].map((rule) => ({
          rule,
          severity: rule === "errored" ? "critical" : "warning",
          at: "1970-01-01T00:00:00.000Z",
          sessionId: session.id,
          number: 1,
          event: "SessionErrored",
          count: 1,
          suppressed: 0
        }))
      )
    }))

  it.effect("sends no alert in a cooldown, and counts the suppressed ones afterwards", () =>
    Effect.gen(function*() {
      const { alerts, sink } = collecting()
      const { on } = yield* AlertingHook.make({
        rules: [{ name: "failed", when: isFailure, cooldown: "1 minute" }],
        sinks: [sink]
      })
      yield* on(failed)
      yield* on({ ...failed })
      yield* TestClock.adjust("59 seconds")
      yield* on({ ...failed })
      assert.strictEqual(alerts.length, 1)
      yield* TestClock.adjust("1 second")
      yield* on({ ...failed })
      assert.deepStrictEqual(alerts.map(({ suppressed }) => suppressed), [0, 2])
    }))

  it.effect("fires at a threshold within its time", () =>
    Effect.gen(function*() {
      const { alerts, sink } = collecting()
      const threshold = { count: 3, within: "10 seconds" as const }
      const { on } = yield* AlertingHook.make({
        rules: [{ name: "failing", when: isFailure, threshold, cooldown: 0 }],
        sinks: [sink]
      })
      yield* on({ ...failed })
      yield* on(archived)
      yield* TestClock.adjust("11 seconds")
      yield* on({ ...failed })
      yield* on({ ...failed })
      assert.deepStrictEqual(alerts, [])
      yield* TestClock.adjust("10 seconds")
      yield* on({ ...failed })
      assert.deepStrictEqual(alerts.map(({ count }) => count), [3])
    }))

  it.effect("retries only failed sinks, and counts an event once", () =>
    Effect.gen(function*() {
      const { alerts, sink } = collecting()
      let tries = 0
      const flaky = () => Effect.suspend(() => ++tries < 3 ? Effect.fail("down") : Effect.void)
      const { on } = yield* AlertingHook.make({
        rules: [{ name: "failed", when: isFailure, threshold: { count: 1, within: 0 } }],
        sinks: [flaky, sink]
      })
      yield* Effect.flip(on(failed))
      yield* Effect.flip(on(failed))
      yield* on(failed)
      assert.deepStrictEqual([tries, alerts.length], [3, 1])
    }))

  it.effect("logs at the level of the severity", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const { on } = yield* AlertingHook.make({
          rules: (["info", "warning", "critical"] as const).map((severity) => ({
            name: severity,
            severity,
            when: () => true
          })),
          sinks: [AlertingHook.logSink]
        })
        yield* on(sent("canary"))
        assert.deepStrictEqual(lines.map(({ level, message }) => `${level} ${message}`), [
          "Info Alert: info",
          "Warning Alert: warning",
          "Error Alert: critical"
        ])
        assert.notInclude(JSON.stringify(lines), "canary")
      })
    ))

  it.effect("refuses duplicate rule names, and a threshold out of range", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* refused(rule(1), rule(1)), [
        "two rules are named \"a\": rename one of them"
      ])
      for (const count of [0, 1.5, 10_001]) {
        assert.match((yield* refused(rule(count))).join(), /whole number from 1 to 10000/)
      }
      yield* AlertingHook.make({ rules: [rule(10_000)], sinks: [] })
    }))
})
