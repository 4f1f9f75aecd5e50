import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nextTick, ref } from 'vue';
import { i18n } from '../i18n.ts';
import UiTable from './UiTable.vue';
import { arrange, nextSort } from './table-rows.ts';
import type { Column } from './types.ts';

interface Row {
  id: string;
  value: number | null;
}
const columns: Column<Row>[] = [
  { key: 'id', title: 'Id', sort: (row) => row.id, format: (row) => row.id },
  { key: 'value', title: 'Value, %', align: 'right', sort: (row) => row.value, descendingFirst: true, format: (row) => String(row.value) },
];
const rowKey = (row: Row): string => row.id;
const rows = (count: number): Row[] => Array.from({ length: count }, (_, index) => ({ id: `c-${index}`, value: (index * 7919) % 5003 }));

describe('order', () => {
  const some: Row[] = [
    { id: 'c-10', value: 1 },
    { id: 'c-9', value: null },
    { id: 'c-2', value: 3 },
    { id: 'c-1', value: 3 },
    { id: 'c-3', value: Number.NaN },
  ];
  const ids = (list: Row[]): string => list.map(({ id }) => id.slice(2)).join(' ');
  test.each([
    ['as it comes', null, [], '10 9 2 1 3'],
    ['names with numbers', { key: 'id', descending: false }, [], '1 2 3 9 10'],
    ['missing values last', { key: 'value', descending: false }, [], '10 2 1 9 3'],
    ['missing values last, descending too', { key: 'value', descending: true }, [], '2 1 10 9 3'],
    ['pinned first', { key: 'value', descending: true }, ['c-9', 'c-1'], '1 9 2 10 3'],
  ])('%s', (_, order, pinned, expected) => expect(ids(arrange(some, columns, order, rowKey, new Set(pinned)))).toBe(expected));

  test('a heading goes through its directions and back', () => {
    const first = nextSort(null, columns[1]);
    const second = nextSort(first, columns[1]);
    expect([first, second, nextSort(second, columns[1])]).toEqual([
      { key: 'value', descending: true },
      { key: 'value', descending: false },
      null,
    ]);
  });
});

describe('the table', () => {
  beforeEach(() => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe(): void {}
        unobserve(): void {}
        disconnect(): void {}
      },
    );
    vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(300);
    vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(900);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    document.body.innerHTML = '';
  });

  const build = (count: number, props: Record<string, unknown> = {}) =>
    mount(UiTable<Row>, {
      attachTo: document.body,
      props: {
        rows: rows(count),
        columns,
        rowKey,
        label: 'Configurations',
        empty: 'Nothing was searched yet.',
        selectable: true,
        ...props,
      },
      global: { plugins: [i18n] },
    });
  const body = (table: ReturnType<typeof build>) => table.findAll('[data-index]');

  test('of 5,000 rows only those in view exist', async () => {
    const table = build(5000);
    await nextTick();
    const shown = body(table);
    expect(shown.length).toBeGreaterThan(8);
    expect(shown.length).toBeLessThan(40);
    expect(table.find('[role="grid"]').attributes('aria-rowcount')).toBe('5001');
    expect(table.find('.rows').attributes('style')).toContain(`height: ${5000 * 28}px`);
  });

  test('scrolling shows others and keeps the row that can take the focus', async () => {
    const table = build(5000);
    await nextTick();
    const scroller = table.find('[role="grid"]').element;
    scroller.scrollTop = 28 * 2500;
    scroller.dispatchEvent(new Event('scroll'));
    await nextTick();
    await nextTick();
    const indices = body(table).map((row) => Number(row.attributes('data-index')));
    expect(indices).toContain(2505);
    expect(indices).toContain(0);
    expect(indices.length).toBeLessThan(42);
  });

  test('a scroll event, a tick or what a cell reads draws no more rows than it has to', async () => {
    const drawn = new Map<string, number>();
    const marked = ref('');
    const table = mount(UiTable<Row>, {
      attachTo: document.body,
      props: { rows: rows(5000), columns, rowKey, label: 'Configurations', empty: '', selectable: true },
      slots: {
        'cell-id': ({ row }: { row: Row }) => {
          drawn.set(row.id, (drawn.get(row.id) ?? 0) + 1);
          return row.id === 'c-3' && marked.value === 'c-3' ? 'marked' : row.id;
        },
      },
      global: { plugins: [i18n] },
    });
    await nextTick();
    await nextTick();
    const scroller = table.find('[role="grid"]').element;
    const after = async (act: () => unknown): Promise<[string, number][]> => {
      drawn.clear();
      await act();
      await nextTick();
      await nextTick();
      return [...drawn];
    };
    const scrolled = await after(() => {
      scroller.scrollTop = 28 * 4;
      scroller.dispatchEvent(new Event('scroll'));
    });
    expect(scrolled.length).toBeGreaterThan(0);
    expect(scrolled.length).toBeLessThan(8);
    expect(scrolled.every(([, times]) => times === 1)).toBe(true);
    const tick = () => table.find('[data-index="5"]').trigger('keydown', { key: 'ArrowDown' });
    expect((await after(tick)).length).toBeLessThanOrEqual(4);
    await after(() => (marked.value = 'c-3'));
    expect(table.find('[data-index="3"]').text()).toContain('marked');
  });

  test('sorts by its headings and tells so', async () => {
    const table = build(100);
    await nextTick();
    await table.findAll('.sort')[1].trigger('click');
    expect(table.findAll('[role="columnheader"]')[2].attributes('aria-sort')).toBe('descending');
    const values = body(table).map((row) => Number(row.findAll('.cell')[1].text()));
    expect(values).toEqual([...values].sort((a, b) => b - a));
  });

  test('is moved in, ticked, opened and pinned with the keys; other letters are given on', async () => {
    const table = build(50, { pinnable: true });
    await nextTick();
    const key = async (name: string, held: object = {}) => {
      await table.find('[tabindex="0"][data-index]').trigger('keydown', { key: name, ...held });
      await nextTick();
    };
    await key('ArrowDown');
    await key(' ');
    await key('ArrowDown', { shiftKey: true });
    await key('Enter');
    await key('p');
    await key('c');
    expect(table.emitted('current')?.map(([row]) => (row as Row).id)).toEqual(['c-1', 'c-2']);
    expect([...(table.emitted('update:selected')!.at(-1)![0] as Set<string>)]).toEqual(['c-1', 'c-2']);
    expect((table.emitted('open')![0][0] as Row).id).toBe('c-2');
    expect((table.emitted('pin')![0][0] as Row).id).toBe('c-2');
    expect((table.emitted('key')![0][0] as KeyboardEvent).key).toBe('c');
  });

  test('a row that is pointed at meanwhile does not get the keys of the row with the focus', async () => {
    const table = build(50);
    await nextTick();
    const row = (index: number) => table.find<HTMLElement>(`[data-index="${index}"]`);
    row(1).element.focus();
    await table.setProps({ current: 'c-4' });
    await row(1).trigger('keydown', { key: ' ' });
    expect([...(table.emitted('update:selected')!.at(-1)![0] as Set<string>)]).toEqual(['c-1']);
    expect(row(1).attributes('tabindex')).toBe('0');
    row(1).element.blur();
    await table.setProps({ current: 'c-5' });
    expect(row(5).attributes('tabindex')).toBe('0');
  });

  test('says why it is empty', () => {
    expect(build(0).text()).toContain('Nothing was searched yet.');
  });
});
