/** What belongs to a desktop. Nothing of it can be seen here, so what a person would have to answer throws by name. */
import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';
import { BrowserWindow } from './browser-window.ts';
import { strict } from './runtime.ts';

const needsPerson = (name: string) => (): never => {
  throw new Error(`electron stand-in: ${name} needs a person: replace it in the test`);
};

export const dialog = strict('dialog', {
  showOpenDialog: needsPerson('dialog.showOpenDialog'),
  showSaveDialog: needsPerson('dialog.showSaveDialog'),
  showMessageBox: needsPerson('dialog.showMessageBox'),
  showErrorBox: (title: string, content: string) => void process.stderr.write(`${title}: ${content}\n`),
});

export const shell = strict('shell', {
  openExternal: needsPerson('shell.openExternal'),
  showItemInFolder: needsPerson('shell.showItemInFolder'),
});

type Template = Electron.MenuItemConstructorOptions;

class MenuItem {
  readonly id: string;
  readonly label: string;
  readonly submenu: Menu | undefined;

  constructor(readonly options: Template) {
    this.id = options.id ?? '';
    this.label = options.label ?? '';
    this.submenu = Array.isArray(options.submenu) ? new Menu(options.submenu) : undefined;
  }

  get accelerator(): Template['accelerator'] {
    return this.options.accelerator;
  }

  get role(): Template['role'] {
    return this.options.role;
  }

  click(): void {
    this.options.click?.(
      this as unknown as Electron.MenuItem,
      (BrowserWindow.getFocusedWindow() ?? undefined) as unknown as Electron.BaseWindow | undefined,
      {},
    );
  }
}

/** A menu that only programs can click; accelerators are keys of the desktop and do nothing here. */
export class Menu {
  private static current: Menu | null = null;
  readonly items: MenuItem[];

  constructor(template: readonly Template[]) {
    this.items = template.map((options) => new MenuItem(options));
  }

  static buildFromTemplate(template: Template[]): Menu {
    return new Menu(template);
  }

  static setApplicationMenu(menu: Menu | null): void {
    Menu.current = menu;
  }

  static getApplicationMenu(): Menu | null {
    return Menu.current;
  }

  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }
}

export class Notification extends EventEmitter {
  constructor(readonly options: { title?: string; body?: string }) {
    super();
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    process.stderr.write(`[stand-in] notification: ${this.options.title ?? ''}: ${this.options.body ?? ''}\n`);
    this.emit('show');
  }

  close(): void {
    this.emit('close');
  }
}

const display = {
  id: 1,
  bounds: { x: 0, y: 0, width: 1920, height: 1080 },
  workArea: { x: 0, y: 0, width: 1920, height: 1080 },
  scaleFactor: 1,
};
export const screen = strict('screen', { getPrimaryDisplay: () => display, getAllDisplays: () => [display] });

const blockers = new Set<number>();
export const powerSaveBlocker = strict('powerSaveBlocker', {
  start(): number {
    const id = blockers.size + 1;
    blockers.add(id);
    return id;
  },
  stop: (id: number) => blockers.delete(id),
  isStarted: (id: number) => blockers.has(id),
});
