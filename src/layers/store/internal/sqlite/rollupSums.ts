/**
 * The columns of `rollups` that are added up.
 */
export const rollupSums = [
  "sessions",
  "completed_turns",
  "failed_turns",
  "stopped_turns",
  "interrupted_turns",
  "total_messages",
  "user_messages",
  "assistant_messages",
  "system_messages",
  "provider_calls",
  "provider_errors",
  "input_tokens",
  "output_tokens",
  "cost_nano_usd",
  "unpriced_calls",
  "latency_ms"
] as const
