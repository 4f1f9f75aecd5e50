import { Notification } from 'electron';

/** Notifications that are still on the screen; one that is collected loses its click. */
const shown = new Set<Notification>();

/** Tells the system's notification centre, where it has one. A click on it calls `onClick`. */
export function notify(title: string, body: string, onClick: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title, body });
  shown.add(notification);
  const forget = () => shown.delete(notification);
  notification.on('click', () => {
    forget();
    onClick();
  });
  notification.on('close', forget);
  notification.on('failed', forget);
  notification.show();
}
