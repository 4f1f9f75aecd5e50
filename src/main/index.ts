import { app, dialog } from 'electron';
import { boot } from './boot.ts';
import { openRequests } from './open-requests.ts';
import { moveUserData } from './paths.ts';
import { declareScheme } from './protocol.ts';

app.setName('EQ-Net Workbench');
moveUserData();
app.enableSandbox();

if (app.requestSingleInstanceLock()) {
  declareScheme();
  const requests = openRequests();
  // `ready` comes only after this module was evaluated: to wait for it here would be to wait for ever
  void app
    .whenReady()
    .then(() => boot(requests))
    .catch((error: unknown) => {
      dialog.showErrorBox('EQ-Net Workbench cannot start', error instanceof Error ? error.message : String(error));
      app.exit(1);
    });
} else {
  // the first instance opens what this one was asked for
  app.quit();
}
