/**
 * Bytes that a WAL takes at most, unless a reader keeps it from being checkpointed: 64 MiB. SQLite starts to checkpoint at 4.
 */
export const walLimit = 64 * 1024 * 1024
