import { protocol } from 'electron';
import { answerAsset } from './assets.ts';
import { APP_SCHEME } from './origin.ts';

/** Tells Chromium that the scheme is a secure origin with paths; only possible before the app is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** Serves the built interface from `root` at app://workbench/. */
export function serveInterface(root: string): void {
  protocol.handle(APP_SCHEME, (request) => answerAsset(root, request));
}
