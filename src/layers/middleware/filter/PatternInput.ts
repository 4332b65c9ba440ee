/**
 * A pattern as it is given: its source in the syntax of RE2, and flags: `i` any case, `s` dot takes line ends, `m` `^` and `$`
 * at lines.
 */
export type PatternInput = string | { readonly source: string; readonly flags?: string }
