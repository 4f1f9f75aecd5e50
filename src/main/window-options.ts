import type { BrowserWindowConstructorOptions } from 'electron';
import { WINDOW_ARGUMENT } from '../shared/contract/desktop-bridge.ts';
import { MIN_HEIGHT, MIN_WIDTH, type Placement } from './window-state.ts';

/** Height of the title bar that the interface draws, px; the window buttons lie over it. */
const TITLE_BAR = 40;

/** The interface's `canvas` and `text` colours, for what is drawn before and around it. */
const COLOURS = { dark: { canvas: '#0d0e12', text: '#eaebef' }, light: { canvas: '#f2f3f5', text: '#1c1f27' } } as const;

/** What is drawn before and around the interface. */
export const frameColours = (dark: boolean) => {
  const { canvas, text } = COLOURS[dark ? 'dark' : 'light'];
  return { canvas, overlay: { color: canvas, symbolColor: text, height: TITLE_BAR - 1 } };
};

/** What a window of ours is made with: the one place that decides about sandbox and isolation. */
export function windowOptions(
  placement: Placement,
  appearance: { dark: boolean; platform: NodeJS.Platform },
  page: { preload: string; id: string },
): BrowserWindowConstructorOptions {
  const { canvas, overlay } = frameColours(appearance.dark);
  const { maximized: _maximized, ...bounds } = placement;
  return {
    ...bounds,
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    show: false,
    title: 'EQ-Net Workbench',
    backgroundColor: canvas,
    titleBarStyle: 'hidden',
    // where the system puts menus into windows, Alt shows them
    autoHideMenuBar: true,
    ...(appearance.platform === 'darwin' ? { trafficLightPosition: { x: 14, y: 13 } } : { titleBarOverlay: overlay }),
    webPreferences: {
      preload: page.preload,
      additionalArguments: [`${WINDOW_ARGUMENT}${page.id}`],
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  };
}
