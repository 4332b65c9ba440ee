/**
 * Where a server listens, and a client looks for one, unless told.
 */
export const defaultUrl = "http://127.0.0.1:4080"
