/** The stand-in's `electron`; a name that is missing here fails when the app is loaded. */
export { app } from './app.ts';
export { BrowserWindow, webContents } from './browser-window.ts';
export { ipcMain } from './ipc-main.ts';
export { dialog, Menu, Notification, powerSaveBlocker, screen, shell } from './native.ts';
export { nativeTheme } from './native-theme.ts';
export { protocol } from './protocol.ts';
export { session } from './session.ts';
export { utilityProcess } from './utility-process.ts';
