import { EventEmitter } from 'node:events';
import { notImplemented } from './runtime.ts';

class IpcMain extends EventEmitter {
  handle(): void {
    notImplemented('ipcMain.handle');
  }

  handleOnce(): void {
    notImplemented('ipcMain.handleOnce');
  }
}

export const ipcMain = new IpcMain();
