import { onBeforeUnmount, onMounted, reactive, watch, type Ref } from 'vue';

/** Inner size of an element in px, kept up to date; 0 while it is not shown. */
export function useSize(element: Readonly<Ref<HTMLElement | null>>): { width: number; height: number } {
  const size = reactive({ width: 0, height: 0 });
  let observer: ResizeObserver | null = null;

  const measure = () => {
    size.width = element.value?.clientWidth ?? 0;
    size.height = element.value?.clientHeight ?? 0;
  };
  const attach = () => {
    observer?.disconnect();
    // it is told the size at once, when the page is laid out: to ask for it here would lay the page out for each chart
    if (element.value) observer?.observe(element.value);
    else measure();
  };
  onMounted(() => {
    observer = new ResizeObserver(measure);
    attach();
  });
  watch(element, attach, { flush: 'post' });
  onBeforeUnmount(() => observer?.disconnect());
  return size;
}
