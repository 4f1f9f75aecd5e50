import type { MenuItemConstructorOptions } from 'electron';
import { ACTIONS, MENUS, type Action, type MenuName } from '../shared/actions.ts';

export interface MenuContext {
  platform: NodeJS.Platform;
  packaged: boolean;
  appName: string;
  /** text of a key in the language of the interface */
  text(key: string): string;
  /** runs an action of the interface in the window in front */
  act(action: string): void;
  openWindow(): void;
}

const SEPARATOR: MenuItemConstructorOptions = { type: 'separator' };

/** The native menus, from the same list of actions as the palette and the shortcuts. */
export function menuTemplate(context: MenuContext): MenuItemConstructorOptions[] {
  const { platform, appName, text } = context;
  const mac = platform === 'darwin';
  const menus = MENUS.map((name): MenuItemConstructorOptions => ({
    id: name,
    label: text(`actions.group.${name}`),
    ...(name === 'help' && { role: 'help' }),
    submenu: divide([
      before(name, context),
      ...sections(name).map((section) => section.map((action) => item(action, context))),
      after(name, context),
    ]),
  }));
  const own: MenuItemConstructorOptions = { label: appName, role: 'appMenu' };
  const window: MenuItemConstructorOptions = { label: text('menu.window'), role: 'windowMenu' };
  if (!mac) return menus;
  return [own, ...menus.slice(0, -1), window, ...menus.slice(-1)];
}

/** Actions of a menu by section, in order. */
function sections(name: MenuName): Action[][] {
  const ofMenu = ACTIONS.filter((action) => action.menu?.name === name);
  const numbers = [...new Set(ofMenu.map((action) => action.menu!.section))].sort((a, b) => a - b);
  return numbers.map((number) => ofMenu.filter((action) => action.menu!.section === number));
}

function item(action: Action, { text, act }: MenuContext): MenuItemConstructorOptions {
  return {
    id: action.id,
    label: text(action.titleKey),
    accelerator: action.accelerator,
    // the interface hears the key first, and knows whether the action is possible
    registerAccelerator: false,
    click: () => act(action.id),
  };
}

function before(name: MenuName, { text, openWindow }: MenuContext): MenuItemConstructorOptions[] {
  if (name !== 'file') return [];
  return [{ id: 'window.new', label: text('menu.newWindow'), accelerator: 'CmdOrCtrl+Shift+N', click: () => openWindow() }];
}

/** What the system does itself. */
function after(name: MenuName, { platform, packaged, text }: MenuContext): MenuItemConstructorOptions[] {
  switch (name) {
    case 'file':
      return [
        { role: 'close', label: text('menu.closeWindow') },
        ...(platform === 'darwin' ? [] : [{ role: 'quit' as const, label: text('menu.quit') }]),
      ];
    case 'edit':
      return [
        { role: 'cut', label: text('menu.cut') },
        { role: 'copy', label: text('menu.copy') },
        { role: 'paste', label: text('menu.paste') },
        { role: 'selectAll', label: text('menu.selectAll') },
      ];
    case 'view':
      return [
        { role: 'togglefullscreen', label: text('menu.fullScreen') },
        ...(packaged ? [] : [{ role: 'toggleDevTools' as const, label: text('menu.developerTools') }]),
      ];
    default:
      return [];
  }
}

/** Puts a line between groups that are not empty. */
function divide(groups: MenuItemConstructorOptions[][]): MenuItemConstructorOptions[] {
  return groups.filter((group) => group.length > 0).flatMap((group, index) => (index === 0 ? group : [SEPARATOR, ...group]));
}
