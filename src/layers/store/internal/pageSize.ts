/**
 * How many items a page holds unless told.
 */
export const pageSize = 50
