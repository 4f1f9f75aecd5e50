import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import { ACTIONS } from '../shared/actions.ts';
import { text, type Language } from '../shared/i18n/index.ts';
import { menuTemplate, type MenuContext } from './menu-template.ts';

const context = (change: Partial<MenuContext> & { language?: Language } = {}): MenuContext => ({
  platform: 'linux',
  packaged: true,
  appName: 'EQ-Net Workbench',
  text: (key) => text(change.language ?? 'en', key),
  act: () => undefined,
  openWindow: () => undefined,
  ...change,
});

const flat = (items: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
  items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? flat(item.submenu) : [])]);

describe.each(['linux', 'win32', 'darwin'] as const)('on %s', (platform) => {
  test.each(['en', 'de'] as const)('every entry has a text in %s, and no line stands alone', (language) => {
    const template = menuTemplate(context({ platform, language }));
    for (const { label, type } of flat(template)) if (type !== 'separator') expect(label).toMatch(/^[^.]+…?$/);
    for (const { submenu } of template) {
      if (!Array.isArray(submenu)) continue;
      const lines = submenu.map(({ type }) => type === 'separator');
      expect(lines[0]).toBe(false);
      expect(lines.at(-1)).toBe(false);
      expect(lines.some((line, index) => line && lines[index + 1])).toBe(false);
    }
  });

  test('every action of a menu is there once and calls the interface', () => {
    const act = vi.fn<(action: string) => void>();
    const items = flat(menuTemplate(context({ platform, act })));
    for (const action of ACTIONS.filter(({ menu }) => menu)) {
      const found = items.filter(({ id }) => id === action.id);
      expect(found, action.id).toHaveLength(1);
      const click = found[0].click as () => void;
      click();
      expect(act).toHaveBeenLastCalledWith(action.id);
      expect(found[0].registerAccelerator).toBe(false);
    }
  });
});

test('an installed app has no developer tools in its menus', () => {
  const roles = (packaged: boolean) => flat(menuTemplate(context({ packaged }))).map(({ role }) => role);
  expect(roles(true)).not.toContain('toggleDevTools');
  expect(roles(false)).toContain('toggleDevTools');
});
