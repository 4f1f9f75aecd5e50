window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.effectiveDirective));

// what a page finds before anything else has run
window.found = {
  require: typeof window.require,
  process: typeof window.process,
  module: typeof window.module,
  bridge: typeof window.bridge,
};

window.openPort = () =>
  new Promise((resolve) => {
    window.addEventListener('message', (event) => {
      if (event.data !== 'port' || event.source !== window || event.origin !== window.location.origin) return;
      const [port] = event.ports;
      port.start();
      resolve(port);
    });
    window.bridge.connect();
  });

window.ask = async (value) => {
  window.port ??= await window.openPort();
  return new Promise((resolve) => {
    window.port.addEventListener('message', (event) => resolve(event.data), { once: true });
    window.port.postMessage(value);
  });
};
