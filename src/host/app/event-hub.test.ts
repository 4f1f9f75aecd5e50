import { expect, test } from 'vitest';
import type { HostEvent } from '../../shared/contract/api/views.ts';
import { EventHub } from './event-hub.ts';

const notice = (text: string): HostEvent => ({ type: 'notice', level: 'info', text, project: null, run: null });

function listen(hub: EventHub, window: string) {
  const stop = new AbortController();
  const events = hub.listen(window, stop.signal);
  return { events, stop };
}

/** The texts of the notices among the next events. */
async function noticesOf(events: AsyncGenerator<HostEvent, void, void>, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const { value } = await events.next();
    if (value?.type === 'notice') texts.push(value.text);
  }
  return texts;
}

const hub = () => new EventHub({ jobs: () => [], projectsOf: () => [], view: () => null as never }, () => undefined);

test('what is for a window that is just loading waits for that one', async () => {
  const made = hub();
  made.post(notice('for b'), 'b');
  made.postToOne(notice('for whoever comes first'));
  const a = listen(made, 'a');
  const b = listen(made, 'b');
  made.post(notice('for all'));
  expect(await noticesOf(a.events, 2)).toEqual(['for whoever comes first', 'for all']);
  expect(await noticesOf(b.events, 2)).toEqual(['for b', 'for all']);
  a.stop.abort();
  b.stop.abort();
});
