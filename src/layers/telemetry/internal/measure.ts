import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"

/**
 * Adds a value to a metric, under tags. Tags that are not known are left out.
 */
export const measure = <Type, Out>(
  metric: Metric.Metric<Type, number, Out>,
  value: number,
  tags: Readonly<Record<string, string | undefined>>
): Effect.Effect<void> => Metric.update(Metric.taggedWithLabels(metric, labelsOf(tags)), value)

const labelsOf = (tags: Readonly<Record<string, string | undefined>>): ReadonlyArray<MetricLabel.MetricLabel> =>
  Object.entries(tags).flatMap(([name, value]) => (value === undefined ? [] : [MetricLabel.make(name, value)]))
