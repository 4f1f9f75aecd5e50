import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { CONNECT_CHANNEL, PORT_MESSAGE, WINDOW_ARGUMENT, type DesktopBridge } from '../shared/contract/desktop-bridge.ts';

type Port = InstanceType<typeof MessagePort>;

/** The part of a page's global scope that is used here. */
interface Page {
  location: { origin: string; protocol: string; host: string };
  MessageChannel: new () => { port1: Port; port2: Port };
  postMessage(message: unknown, targetOrigin: string, transfer: Port[]): void;
}

const page = globalThis as unknown as Page;

const bridge: DesktopBridge = {
  host: 'desktop',
  platform: process.platform,
  window: process.argv.find((argument) => argument.startsWith(WINDOW_ARGUMENT))?.slice(WINDOW_ARGUMENT.length) ?? '',
  connect() {
    const { port1, port2 } = new page.MessageChannel();
    ipcRenderer.postMessage(CONNECT_CHANNEL, null, [port1]);
    page.postMessage(PORT_MESSAGE, page.location.origin, [port2]);
  },
  pathOf(file) {
    try {
      return webUtils.getPathForFile(file as File);
    } catch {
      return '';
    }
  },
};

contextBridge.exposeInMainWorld('eqnet', bridge);
