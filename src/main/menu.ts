import { app, BrowserWindow, Menu } from 'electron';
import { chooseLanguage, text } from '../shared/i18n/index.ts';
import type { HostEvent } from '../shared/contract/api/views.ts';
import type { Settings } from '../shared/schema/settings.ts';
import { menuTemplate } from './menu-template.ts';
import { windowId } from './window.ts';

export interface MenuTargets {
  /** tells one window of the interface */
  post(event: HostEvent, window: string): void;
  openWindow(): void;
}

/** Puts the native menus in place, in the language of the settings. */
export function installMenu(language: Settings['language'], { post, openWindow }: MenuTargets): void {
  const chosen = chooseLanguage(language, app.getPreferredSystemLanguages());
  const act = (action: string) => {
    const window = BrowserWindow.getFocusedWindow();
    if (window) post({ type: 'action', action, argument: null }, windowId(window));
  };
  const template = menuTemplate({
    platform: process.platform,
    packaged: app.isPackaged,
    appName: app.getName(),
    text: (key) => text(chosen, key),
    act,
    openWindow,
  });
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
