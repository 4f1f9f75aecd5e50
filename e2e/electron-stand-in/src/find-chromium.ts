export { findChromium } from '../../browser.mjs';
