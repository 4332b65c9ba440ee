// What the client uses of `ws`, which comes without types.
declare module "ws" {
  export const WebSocket: typeof globalThis.WebSocket
}
