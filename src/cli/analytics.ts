import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Analytics } from "../domain/Analytics.js"
import { AnalyticsGroup } from "../domain/AnalyticsQuery.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { usageTable } from "./usageTable.js"
import { visible } from "./visible.js"

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

/**
 * `analytics`: what was used over a period.
 */
export const analytics = Command.make(
  "analytics",
  {
    ...connectionOptions,
    json,
    since: text("since", "The first UTC day, or a moment of it; 30 days before the end if left out"),
    until: text("until", "The UTC day that is not in it any more; tomorrow if left out"),
    user: text("user", "Only this user's"),
    provider: text("provider", "Only of this provider"),
    model: text("model", "Only of this model"),
    tag: text("tag", "Only of sessions with this tag"),
    by: Options.choice("by", AnalyticsGroup.literals).pipe(
      Options.withDescription("Show each of these on its own"),
      Options.optional
    ),
    limit: Options.integer("limit").pipe(
      Options.withDescription("How many of them, 1000 at most"),
      Options.withDefault(100)
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const answer = yield* sessions.analytics({
        limit: options.limit,
        ...(Option.isSome(options.since) && { since: options.since.value }),
        ...(Option.isSome(options.until) && { until: options.until.value }),
        ...(Option.isSome(options.user) && { userId: options.user.value }),
        ...(Option.isSome(options.provider) && { provider: options.provider.value }),
        ...(Option.isSome(options.model) && { model: options.model.value }),
        ...(Option.isSome(options.tag) && { tag: options.tag.value }),
        ...(Option.isSome(options.by) && { groupBy: options.by.value })
      })
      if (options.json) return yield* printJson(Analytics, answer)
      const { from, groups = [], moreGroups, to, total } = answer
      const last = DateTime.subtract(to, { days: 1 })
      yield* Console.log(`${DateTime.formatIsoDateUtc(from)} to ${DateTime.formatIsoDateUtc(last)}, in UTC days\n`)
      yield* Console.log(visible(usageTable([...groups, { key: "total", usage: total }])))
      if (moreGroups) yield* Console.error(`(there are more than ${options.limit}: --limit shows up to 1000)`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Show what was used over a period"))
