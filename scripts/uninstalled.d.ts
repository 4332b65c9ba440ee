/**
 * Packages that the documentation names and this repository does not install.
 */
declare module "@opentelemetry/exporter-metrics-otlp-http" {
  import type { PushMetricExporter } from "@opentelemetry/sdk-metrics"
  export const OTLPMetricExporter: new(config?: { readonly url?: string }) => PushMetricExporter
}

declare module "@opentelemetry/exporter-trace-otlp-http" {
  import type { SpanExporter } from "@opentelemetry/sdk-trace-base"
  export const OTLPTraceExporter: new(config?: { readonly url?: string }) => SpanExporter
}
