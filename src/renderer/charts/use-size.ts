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
    if (element.value) observer?.observe(element.value);
    measure();
  };
  onMounted(() => {
    observer = new ResizeObserver(measure);
    attach();
  });
  watch(element, attach, { flush: 'post' });
  onBeforeUnmount(() => observer?.disconnect());
  return size;
}
