/**
 * How many dead letters of one hook are kept: enough to mend what an outage did, and few enough that a hook which always
 * fails does not fill a disk.
 */
export const maxDeadLetters = 10_000
