const { contextBridge, ipcRenderer, webUtils } = require('electron');

function tryRequire(name) {
  try {
    require(name);
    return 'loaded';
  } catch {
    return 'refused';
  }
}

contextBridge.exposeInMainWorld('bridge', {
  name: 'fixture',
  argument: process.argv.find((text) => text.startsWith('--fixture=')) ?? '',
  platform: process.platform,
  nodeModule: tryRequire('node:child_process'),
  add: (a, b) => a + b,
  fail: () => {
    throw new Error('as asked');
  },
  pathOf: (file) => webUtils.getPathForFile(file),
  connect() {
    const { port1, port2 } = new MessageChannel();
    ipcRenderer.postMessage('connect', { from: 'preload' }, [port1]);
    window.postMessage('port', window.location.origin, [port2]);
  },
});
