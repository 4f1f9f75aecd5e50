/** The browser host: the interface over HTTP and its calls over a WebSocket, for a machine without a screen. */
export { DEFAULT_HOST, DEFAULT_PORT, serve } from './serve.ts';
