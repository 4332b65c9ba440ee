export { type Middleware, MiddlewareRefusal } from "../services/Middleware.js"
export {
  type CallOptions,
  getOrCreateSession,
  type PromiseSession,
  type PromiseSessionManager,
  withSession
} from "../services/promise/PromiseSession.js"
export { createSessionManager, type SessionManagerOptions } from "./createSessionManager.js"
export { createSimpleSession, type SimpleSession, type SimpleSessionOptions } from "./createSimpleSession.js"
export { defineHook, defineMiddleware, type HookDefinition, type MiddlewareDefinition, refuse } from "./define.js"
