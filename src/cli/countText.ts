/**
 * So many of something: `1 session`, `2 sessions`.
 */
export const countText = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`
