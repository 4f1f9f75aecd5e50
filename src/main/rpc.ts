import { ipcMain } from 'electron';
import { RPCHandler } from '@orpc/server/ws';
import { CONNECT_CHANNEL } from '../shared/contract/desktop-bridge.ts';
import type { Workbench } from '../host/app/index.ts';
import { asSocket } from './port-socket.ts';
import { isTrustedSender } from './security.ts';

/**
 * Serves the contract on the MessagePort that a page hands over. Every call's input is validated by the router; who may
 * call is decided here, once for each port: the main frame of a page of ours, nobody else.
 *
 * @param origin where the interface comes from
 */
export function serveContract(workbench: Workbench, origin: string): void {
  const handler = new RPCHandler(workbench.router);
  ipcMain.on(CONNECT_CHANNEL, (event) => {
    const [port] = event.ports;
    if (!port) return;
    if (!isTrustedSender(event, origin)) {
      port.close();
      return;
    }
    void handler.upgrade(asSocket(port), { context: {} });
    port.start();
  });
}
