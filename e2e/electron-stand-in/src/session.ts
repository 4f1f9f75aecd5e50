import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';
import { notImplemented, strict } from './runtime.ts';

type CheckHandler = NonNullable<Parameters<Electron.Session['setPermissionCheckHandler']>[0]>;
type RequestHandler = NonNullable<Parameters<Electron.Session['setPermissionRequestHandler']>[0]>;

/** Permissions that Chromium can be told about, by their names there. */
const PERMISSIONS = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read', 'midi', 'display-capture'] as const;

let check: CheckHandler | null = null;
let request: RequestHandler | null = null;

class Session extends EventEmitter {
  setPermissionCheckHandler(handler: CheckHandler | null): void {
    check = handler;
  }

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    request = handler;
  }

  setDevicePermissionHandler(): void {
    // devices are out of reach of a headless Chromium: there is nothing to permit
  }
}

export const defaultSession = new Session();
export const session = strict('session', { defaultSession, fromPartition: () => notImplemented('session.fromPartition') });

/** What the app's handlers say about each permission; Electron grants what an app does not decide. */
export function permissionSettings(): { permission: { name: string }; setting: 'granted' | 'denied' }[] {
  return PERMISSIONS.map((name) => {
    let granted = check ? check(null, name as Parameters<CheckHandler>[1], '', { isMainFrame: true }) : true;
    if (granted && request) {
      granted = false;
      request(
        null as unknown as Electron.WebContents,
        name as Parameters<RequestHandler>[1],
        (answer) => {
          granted = answer;
        },
        { isMainFrame: true, requestingUrl: '' },
      );
    }
    return { permission: { name }, setting: granted ? 'granted' : 'denied' };
  });
}
