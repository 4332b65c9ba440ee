import { register } from "node:module"

/** Makes Node look for the vendors' SDKs in a folder where they are not installed. */
const hooks = `
  const missing = new Set(["openai", "@anthropic-ai/sdk"])
  export const resolve = (specifier, context, next) =>
    next(specifier, missing.has(specifier) ? { ...context, parentURL: "file:///nothing-installed/here.mjs" } : context)
`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
