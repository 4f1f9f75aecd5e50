import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/text.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { connectHost } from './host/connect.ts';
import { followEvents } from './host/follow-events.ts';
import { i18n } from './i18n.ts';
import { startWindow } from './start.ts';
import { setLink } from './stores/host.ts';

// the address first gives its token away, then the router reads what is left of it
const link = connectHost();
setLink(link);
const app = createApp(App).use(createPinia()).use(i18n);
startWindow(link, followEvents);
app.mount('#app');
